"""VGG-19's small copies against figures of another program, and against numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from imaging_jax.models.features import DistilledVGG19
from imaging_jax.pretrained import load, load_features
from tests.models.super_resolution_helpers import jit

# Mean and deviation of the last map of every level, of a photograph of 256x168.
PUBLISHED = {1: (2.681, 5.771), 2: (13.251, 14.003), 3: (6.849, 5.745), 4: (2.999, 4.469)}


@pytest.mark.parametrize(("level", "moments"), PUBLISHED.items())
def test_features_of_a_photograph(imaging_data, monkeypatch, level, moments):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    picture = Image.open(imaging_data / "style/up-diliman.jpg").convert("RGB")
    resized = picture.resize((256, 168), Image.Resampling.BICUBIC)
    image = jnp.asarray(np.asarray(resized) / 255, jnp.float32)
    maps = jit(load_features(f"distilled_vgg19_{level}"))(image)
    last = np.asarray(maps[f"relu{level}_1"], np.float64)
    assert last.shape[:2] == (168 // 2 ** (level - 1), 256 // 2 ** (level - 1))
    assert [last.mean(), last.std()] == pytest.approx(moments, abs=6e-4)


def _plain(params, x):
    """The first two blocks in numpy, of one image."""

    def convolve(y, layer, margin):
        kernel, bias = (np.asarray(params[layer][name], np.float64) for name in ("kernel", "bias"))
        y = np.pad(y, [(margin, margin), (margin, margin), (0, 0)], mode="reflect")
        windows = np.lib.stride_tricks.sliding_window_view(y, kernel.shape[:2], axis=(0, 1))
        return np.einsum("yxcij,ijco->yxo", windows, kernel) + bias

    y = convolve(np.asarray(x, np.float64), "levels", 0)
    for layer in ("conv1_1", "conv1_2"):
        y = np.maximum(convolve(y, layer, 1), 0)
    height, width = y.shape[0] // 2, y.shape[1] // 2
    y = y[: 2 * height, : 2 * width].reshape(height, 2, width, 2, -1).max((1, 3))
    return np.maximum(convolve(y, "conv2_1", 1), 0)


def test_second_block_is_that_of_a_second_writing():
    network = DistilledVGG19(level=2)
    x = jax.random.uniform(jax.random.key(0), (11, 14, 3))
    variables = jit(network.init)(jax.random.key(1), x)
    found = jit(network.apply)(variables, x)
    assert list(found) == ["relu1_1", "relu1_2", "relu2_1"]
    np.testing.assert_allclose(found["relu2_1"], _plain(variables["params"], x), atol=1e-5)


def test_parameters_are_those_of_the_file_without_its_mixers(imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    _, variables = load("distilled_vgg19_4")
    # 307,804 values lie in the file; 1x1 layers to 64, 128, 256 and 512 channels aren't taken.
    channels = ((16, 64), (32, 128), (64, 256), (128, 512))
    mixers = sum((ours + 1) * theirs for ours, theirs in channels)
    assert sum(leaf.size for leaf in jax.tree.leaves(variables)) == 307_804 - mixers


def test_other_networks_are_refused():
    with pytest.raises(ValueError, match=r"level must be one of \(1, 2, 3, 4\), got 5"):
        jax.eval_shape(DistilledVGG19(level=5).init, jax.random.key(0), jnp.zeros((8, 8, 3)))
    with pytest.raises(ValueError, match=r"x must have at least 16x16 pixels, got \(15, 40, 3\)"):
        jax.eval_shape(DistilledVGG19().init, jax.random.key(0), jnp.zeros((15, 40, 3)))
    with pytest.raises(ValueError, match="edsr_light_x2: wanted a network of features, got super"):
        load_features("edsr_light_x2")
