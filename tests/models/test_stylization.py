"""Feed-forward style networks and decoders: published counts, a published woodcut, and numpy."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from imaging_jax import pretrained
from imaging_jax.models.stylization import (
    AdaINDecoder,
    DistilledVGG19Decoder,
    FastNeuralStyle,
    FastStyleTransfer,
)
from tests.models import stylization_numpy as second
from tests.models.super_resolution_helpers import jit

SMALL = {
    "fast_neural_style": FastNeuralStyle(features=2),
    "fast_style_transfer": FastStyleTransfer(features=2),
}


@functools.cache
def initial(module):
    """Variables drawn by numpy: scales near 1, other leaves around 0."""
    generator = np.random.default_rng(0)

    def start(path, leaf):
        noise = generator.standard_normal(leaf.shape)
        if path[-1].key == "scale":
            return jnp.asarray(1 + 0.2 * noise, leaf.dtype)
        spread = np.prod(leaf.shape[:-1]) ** -0.5 if path[-1].key == "kernel" else 0.1
        return jnp.asarray(spread * noise, leaf.dtype)

    channels = module.channels
    given = jax.ShapeDtypeStruct((1, 8, 8, channels), jnp.float32)
    shapes = jax.eval_shape(module.init, jax.random.key(0), given)
    return jax.tree_util.tree_map_with_path(start, shapes)


# Decoders of the distilled network: the numbers of values in the published files.
@pytest.mark.parametrize(
    ("module", "parameters"),
    [
        (FastNeuralStyle(), 1_679_235),
        (FastNeuralStyle(features=16), 424_899),
        (FastStyleTransfer(), 1_677_638),
        (AdaINDecoder(), 3_505_219),
        (DistilledVGG19Decoder(1), 651),
        (DistilledVGG19Decoder(2), 7_379),
        (DistilledVGG19Decoder(3), 35_091),
        (DistilledVGG19Decoder(4), 219_667),
    ],
    ids=repr,
)
def test_has_the_published_number_of_parameters(module, parameters):
    given = jax.ShapeDtypeStruct((1, 8, 8, module.channels), jnp.float32)
    found = jax.eval_shape(module.init, jax.random.key(0), given)
    assert sum(leaf.size for leaf in jax.tree.leaves(found)) == parameters


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("size", [(9, 14), (8, 12), (2, 3)])
def test_is_that_of_the_second_writing_at_any_size(name, size):
    module = SMALL[name]
    x = np.random.default_rng(1).random((2, *size, 3), np.float32)
    found = jit(module.apply)(initial(module), x)
    assert found.dtype == jnp.float32
    for image, styled in zip(x, found, strict=True):
        wanted = getattr(second, name)(initial(module)["params"], image)
        np.testing.assert_allclose(styled, wanted, atol=1e-4)


@pytest.mark.parametrize("module", [DistilledVGG19Decoder(2), DistilledVGG19Decoder(3)], ids=repr)
def test_decoder_is_that_of_the_second_writing(module):
    features = np.random.default_rng(1).random((3, 4, module.channels), np.float32)
    found = jit(module.apply)(initial(module), features)
    wanted = second.decoder(initial(module)["params"], features, relu_at_end=True)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert found.shape == (3 * 2 ** (module.level - 1), 4 * 2 ** (module.level - 1), 3)


def test_adain_decoder_mirrors_vgg_without_a_relu_at_its_end():
    module = AdaINDecoder()
    features = np.random.default_rng(1).random((2, 3, 512), np.float32)
    found = jit(module.apply)(initial(module), features)
    wanted = second.decoder(initial(module)["params"], features, relu_at_end=False)
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert found.shape == (16, 24, 3)
    assert float(jnp.min(found)) < 0


def _trained(module, x, target, steps=12):
    variables = initial(module)

    @jit
    @jax.value_and_grad
    def gradient(variables):
        return jnp.mean((module.apply(variables, x) - target) ** 2)

    losses, largest = [], jax.tree.map(lambda _: 0.0, variables)
    for step in range(steps):
        value, grads = gradient(variables)
        losses.append(float(value))
        grads = jax.tree.map(np.asarray, grads)
        if step < 3:
            largest = jax.tree.map(lambda m, g: max(m, np.abs(g).max()), largest, grads)
        variables = jax.tree.map(lambda p, g: p - 2e-3 * np.sign(g), variables, grads)
    return losses, largest


@pytest.mark.parametrize("name", [*SMALL, "decoder"])
def test_descent_lowers_the_loss_and_every_parameter_has_a_gradient(name):
    module = SMALL.get(name, DistilledVGG19Decoder(2))
    generator = np.random.default_rng(2)
    x = generator.random((1, 12, 10, module.channels), np.float32)
    size = (24, 20) if name == "decoder" else (12, 10)
    target = generator.random((1, *size, 3), np.float32)
    losses, largest = _trained(module, x, target)
    assert losses[-1] < losses[0]
    flat = {jax.tree_util.keystr(p): g for p, g in jax.tree_util.tree_leaves_with_path(largest)}
    # A bias before an instance norm moves nothing.
    idle = {
        key
        for key in flat
        if name == "fast_neural_style" and key.endswith("['bias']") and "norm" not in key
    } - {"['params']['conv2']['bias']"}
    assert all(size > 0 for key, size in flat.items() if key not in idle)


def test_published_woodcut(imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    module, variables = pretrained.load("fast_style_wave")
    picture = Image.open(imaging_data / "style/up-diliman.jpg").convert("RGB")
    x = np.asarray(picture.resize((256, 168), Image.Resampling.BICUBIC)) / 255
    styled = np.asarray(jax.jit(module.apply)(variables, jnp.asarray(x[None], jnp.float32))[0])
    # Another program's, of levels of 255.
    np.testing.assert_allclose(255 * styled.mean((0, 1)), (139.12, 147.48, 136.56), atol=0.01)
    assert 255 * styled.std() == pytest.approx(51.15, abs=0.01)
    greys = [y.mean(axis=-1).ravel() for y in (x, styled)]
    assert np.corrcoef(*greys)[0, 1] == pytest.approx(0.788, abs=1e-3)


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (FastNeuralStyle(), (1, 8, 8, 1), r"FastNeuralStyle: x must have shape \(N, any, any, 3\)"),
        (FastNeuralStyle(), (8, 8, 3), r"FastNeuralStyle: x must have shape .* got \(8, 8, 3\)"),
        (FastNeuralStyle(), (1, 1, 8, 3), "FastNeuralStyle: height must be at least 2, got 1"),
        (FastNeuralStyle(features=0), (1, 8, 8, 3), "features must be at least 1, got 0"),
        (FastStyleTransfer(), (1, 8, 8, 4), r"FastStyleTransfer: x must have shape \(N, any"),
        (FastStyleTransfer(features=0), (1, 8, 8, 3), "features must be at least 1, got 0"),
        (AdaINDecoder(), (4, 4, 128), r"AdaINDecoder: x must be an image of shape .* 512\)"),
        (AdaINDecoder(), (1, 4, 512), "AdaINDecoder: x must have at least 2x2 pixels"),
        (DistilledVGG19Decoder(), (4, 4, 64), r"DistilledVGG19Decoder: x must be .* 128\), got"),
        (DistilledVGG19Decoder(), (1, 4, 128), "x must have at least 2x2 pixels, got"),
        (DistilledVGG19Decoder(5), (4, 4, 128), r"level must be one of \(1, 2, 3, 4\), got 5"),
    ],
    ids=repr,
)
def test_rejects_at_trace_time(module, shape, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(module.init, jax.random.key(0), jax.ShapeDtypeStruct(shape, jnp.float32))
