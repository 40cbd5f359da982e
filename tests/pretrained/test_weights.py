import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from imaging_jax.metrics import psnr
from imaging_jax.operators import modcrop, resize
from imaging_jax.pretrained import WEIGHTS, load
from imaging_jax.pretrained import _weights as weights_module
from imaging_jax.transforms import luminance
from tests.models.super_resolution_helpers import jit


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


def score(name, scale, image, prepared, compared, rounding):
    """The PSNR on `compared`, in one program, of what the weights make of the image shrunk."""
    module, variables = load(name)

    @jit
    def decibel(variables, image):
        reference = prepared(modcrop(image, scale))
        lr = resize(reference, 1 / scale, rounding=rounding)
        inputs = resize(lr, scale) if "upsampled" in module.takes else lr
        output = module.apply(variables, inputs.astype(jnp.float32))
        estimate = eight_bits(output.astype(jnp.float64))
        return psnr(compared(reference), compared(estimate), border=scale)

    return float(decibel(variables, image))


def unchanged(image):
    return image


# The means over Set5 are published with the weights or in re-runs of them (VDSR 37.589, 33.748,
# 31.434; SRCNN 32.462; FSRCNN 34.830, 30.546, 28.365; FSRCNN-s 34.490, 30.164, 28.138; ESPCN
# 34.710, 30.476, 28.354); these are butterfly's part of the same runs.
@pytest.mark.parametrize(
    ("name", "scale", "decibel"),
    [
        ("srcnn_chxy95_x3", 3, 27.572),
        ("vdsr_twtygqyy", 4, 27.20),
        ("fsrcnn_saafke_x2", 2, 29.654),
        ("fsrcnn_saafke_x3", 3, 24.775),
        ("fsrcnn_saafke_x4", 4, 22.459),
        ("fsrcnn_small_saafke_x2", 2, 29.559),
        ("fsrcnn_small_saafke_x3", 3, 24.462),
        ("fsrcnn_small_saafke_x4", 4, 22.195),
        ("espcn_fannymonori_x2", 2, 29.663),
        ("espcn_fannymonori_x3", 3, 24.723),
        ("espcn_fannymonori_x4", 4, 22.381),
    ],
)
def test_luminance_weights_give_their_digits(x64, published, butterfly, name, scale, decibel):
    found = score(name, scale, butterfly, prepared=grey, compared=unchanged, rounding="none")
    assert found == pytest.approx(decibel, abs=0.005)


# Likewise: EDSR-8 37.732, SRGAN 30.637. For PECNN the re-run gives butterfly itself: 29.40.
@pytest.mark.parametrize(
    ("name", "scale", "compared", "decibel"),
    [
        ("edsr8_krasserm_x2", 2, grey, 34.806),
        ("srgan_leftthomas_x4", 4, grey, 26.367),
        ("pecnn_kuijiang94_x3", 3, luminance, 29.40),
    ],
)
def test_colour_weights_give_their_digits(
    x64, published, butterfly, name, scale, compared, decibel
):
    found = score(name, scale, butterfly, unchanged, compared, rounding="once")
    assert found == pytest.approx(decibel, abs=0.005)


@pytest.mark.parametrize("name", WEIGHTS)
def test_load_fills_the_whole_model(published, name):
    module, variables = load(name)
    side, channels = WEIGHTS[name].side, WEIGHTS[name].bands or module.channels
    image = jax.ShapeDtypeStruct((1, side, side, channels), jnp.float32)
    frames = jax.ShapeDtypeStruct((1, 3, *image.shape[1:]), jnp.float32)
    given = {"sigma": 0.1, "key": jax.random.key(0), "frames": frames, "clear": frames}
    given["noise"] = jax.ShapeDtypeStruct((1, getattr(module, "latent", 0)), jnp.float32)
    arguments = [given.get(name, image) for name in getattr(module, "takes", ("image",))]
    wanted = jax.eval_shape(module.init, jax.random.key(0), *arguments)
    found = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), variables)
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
