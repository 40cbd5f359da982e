import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from imaging_jax.metrics import psnr
from imaging_jax.operators import resize
from imaging_jax.pretrained import WEIGHTS, load
from imaging_jax.pretrained import _weights as weights_module
from imaging_jax.transforms import luminance


@pytest.fixture(scope="module")
def butterfly(imaging_data):
    image = Image.open(imaging_data / "sr/Set5/butterfly.png").convert("RGB")
    return np.asarray(image, np.float64) / 255


@pytest.fixture
def published(imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))


def eight_bits(x):
    return jnp.floor(jnp.clip(x, 0, 1) * 255 + 0.5) / 255


def grey(image):
    return eight_bits(luminance(image))


def restore(name, image):
    module, params = load(name)
    output = jax.jit(module.apply)({"params": params}, image.astype(jnp.float32))
    return eight_bits(output.astype(jnp.float64))


# The means over Set5 are published with the weights or in re-runs of them (VDSR 37.589, 33.748,
# 31.434; SRCNN 32.462; EDSR-8 37.732); these are butterfly's part of the same runs.
@pytest.mark.parametrize(
    ("name", "scale", "decibel"),
    [("srcnn_chxy95_x3", 3, 27.572), ("vdsr_twtygqyy", 4, 27.20)],
)
def test_luminance_weights_give_their_digits(x64, published, butterfly, name, scale, decibel):
    size = 256 // scale * scale
    y = grey(jnp.asarray(butterfly[:size, :size]))
    upsampled = resize(resize(y, 1 / scale), scale)
    estimate = restore(name, upsampled)
    assert float(psnr(y, estimate, border=scale)) == pytest.approx(decibel, abs=0.005)


def test_colour_weights_give_their_digits(x64, published, butterfly):
    image = jnp.asarray(butterfly)
    estimate = restore("edsr8_krasserm_x2", resize(image, 1 / 2, rounding="once"))
    value = float(psnr(grey(image), grey(estimate), border=2))
    assert value == pytest.approx(34.806, abs=0.005)


@pytest.mark.parametrize("name", WEIGHTS)
def test_load_fills_the_whole_model(published, name):
    module, params = load(name)
    image = jax.ShapeDtypeStruct((1, 16, 16, module.channels), jnp.float32)
    wanted = jax.eval_shape(module.init, jax.random.key(0), image)["params"]
    found = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), params)
    assert found == wanted
    assert WEIGHTS[name].licence
    assert len(WEIGHTS[name].sha256) == 64


def test_another_file_is_refused(published, monkeypatch):
    other = dataclasses.replace(WEIGHTS["srcnn_chxy95_x3"], file="weights/vdsr_twtygqyy.npz")
    monkeypatch.setitem(weights_module.WEIGHTS, "srcnn_chxy95_x3", other)
    with pytest.raises(ValueError, match=r"vdsr_twtygqyy\.npz has sha256 4ba29768.*2305e739"):
        load("srcnn_chxy95_x3")


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(ValueError, match="'vdsr'; the nearest is 'vdsr_twtygqyy'"):
        load("vdsr")


def test_without_a_folder_it_says_what_to_set(monkeypatch):
    monkeypatch.delenv("IMAGING_DATA", raising=False)
    with pytest.raises(ValueError, match="set IMAGING_DATA to the folder that holds weights/vdsr"):
        load("vdsr_twtygqyy")
