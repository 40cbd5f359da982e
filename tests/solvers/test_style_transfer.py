"""Style transfer on a small network of features, and a photograph as another program styles it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from imaging_jax.pretrained import load_features
from imaging_jax.solvers import style_objective, style_transfer

LAYERS = ("first", "second")


def _features(kernels, x):
    """Two convolutions, each with its ReLU, of (H, W, 3)."""
    maps, y = {}, x[None]
    for name, kernel in zip(LAYERS, kernels, strict=True):
        y = jax.lax.conv_general_dilated(
            y, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        y = jax.nn.relu(y)
        maps[name] = y[0]
    return maps


@pytest.fixture(scope="module")
def features():
    generator = np.random.default_rng(0)
    kernels = [generator.standard_normal((3, 3, *c)).astype("f4") for c in ((3, 6), (6, 8))]
    return jax.tree_util.Partial(_features, kernels)


@pytest.fixture(scope="module")
def pictures():
    """A content of 14x11 and a style of 9x16."""
    generator = np.random.default_rng(1)
    return [jnp.asarray(generator.random(s), jnp.float32) for s in ((14, 11, 3), (9, 16, 3))]


@pytest.fixture(scope="module")
def objective(features, pictures):
    return style_objective(*pictures, features, ("second",), LAYERS, content_weight=2.0)


def test_the_objective_is_the_weighted_sum(features, pictures, objective):
    content, style = pictures
    x = jnp.flip(content, 0)
    ours, kept, wanted = (
        {name: np.asarray(y, np.float64) for name, y in features(image).items()}
        for image in (x, content, style)
    )

    def gram(y):
        return np.einsum("ijc,ijd->cd", y, y) / y.size

    of_content = np.mean((ours["second"] - kept["second"]) ** 2)
    of_style = sum(np.mean((gram(ours[n]) - gram(wanted[n])) ** 2) for n in LAYERS)
    variation = sum(np.mean(np.diff(np.asarray(x), axis=axis) ** 2) for axis in (0, 1))
    expected = 2 * of_content + 10 * of_style + 10 * variation
    assert float(objective(x, features)) == pytest.approx(expected, rel=1e-4)
    found = objective.terms(content, features)
    assert float(found["content"]) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
@pytest.mark.parametrize("start", ["content", "noise"])
def test_the_objective_falls(features, pictures, objective, optimizer, start):
    content, _ = pictures
    noise = jax.random.uniform(jax.random.key(0), content.shape)
    told = []
    found = style_transfer(
        objective,
        features,
        content if start == "content" else noise,
        optimizer=optimizer,
        steps=25,
        progress=lambda *step: told.append(step),
    )
    assert found.history.shape == (25,)
    assert [step for step, _ in told] == [10, 20, 25]
    assert told[-1][1] == found.history[-1]
    assert float(found.history[-1]) < 0.7 * float(found.history[0])
    assert float(found.end["style"]) < float(found.start["style"])
    assert 0 <= float(jnp.min(found.x)) < float(jnp.max(found.x)) <= 1
    assert float(objective(found.x, features)) < float(found.history[-1]) * 1.01


def test_what_does_not_fit_is_refused(features, pictures, objective):
    content, style = pictures
    with pytest.raises(ValueError, match=r"content_layers: expected some of first, second, got"):
        style_objective(content, style, features, ("third",), LAYERS)
    with pytest.raises(ValueError, match="style_weight: expected a number >= 0, got -1"):
        style_objective(content, style, features, LAYERS, LAYERS, style_weight=-1)
    with pytest.raises(ValueError, match=r"style: expected one image \(H, W, C\)"):
        style_objective(content, style[None], features, LAYERS, LAYERS)
    with pytest.raises(ValueError, match="x0: expected the content's size, but its second has"):
        style_transfer(objective, features, style)
    with pytest.raises(ValueError, match="optimizer: expected one of"):
        style_transfer(objective, features, content, optimizer="sgd")
    with pytest.raises(ValueError, match="steps: expected a positive integer, got 0"):
        style_transfer(objective, features, content, steps=0)


@pytest.mark.slow
@pytest.mark.parametrize(("optimizer", "steps"), [("adam", 200), ("lbfgs", 60)])
def test_a_photograph_takes_the_style_of_a_woodcut(imaging_data, optimizer, steps):
    # Another program's Adam: style 7.6 to 0.071, of pictures it had resized in its own way, and a
    # correlation of 0.955 with the photograph.
    pictures = [
        np.asarray(Image.open(imaging_data / "style" / name).resize(size, Image.Resampling.BICUBIC))
        for name, size in (("up-diliman.jpg", (192, 128)), ("lengstrom/wave.jpg", (192, 132)))
    ]
    content, style = (jnp.asarray(picture / 255, jnp.float32) for picture in pictures)
    features = load_features("distilled_vgg19_4")
    layers = [f"relu{block}_1" for block in range(1, 5)]
    objective = style_objective(content, style, features, ["relu3_4"], layers)
    found = style_transfer(objective, features, content, optimizer=optimizer, steps=steps)
    assert float(found.start["style"]) == pytest.approx(7.61, rel=0.06)
    assert float(found.end["style"]) <= 0.08
    greys = [np.asarray(x).mean(axis=-1).ravel() for x in (content, found.x)]
    assert np.corrcoef(*greys)[0, 1] >= 0.9
