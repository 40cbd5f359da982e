"""The weights that come with the package: no data, no network, no licence question."""

import functools
import io

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage.data
from PIL import Image
from skimage.restoration import denoise_wavelet

from imaging_jax import pretrained
from imaging_jax.metrics import psnr
from imaging_jax.operators import resize
from imaging_jax.pretrained import WEIGHTS
from imaging_jax.pretrained import _weights as weights_module

OWN = [name for name, weights in WEIGHTS.items() if weights.packaged]
RESTORING = [name for name in OWN if WEIGHTS[name].task == "super_resolution"]
ENLARGING = [name for name in RESTORING if WEIGHTS[name].serves != (1,)]
DEBLOCKING = [name for name in RESTORING if WEIGHTS[name].serves == (1,)]
DENOISING = [name for name in OWN if WEIGHTS[name].task == "denoising"]


@functools.cache
def photograph():
    return jnp.asarray(skimage.data.astronaut()[:240, 120:360] / np.float32(255))


@pytest.mark.parametrize("name", ENLARGING)
def test_enlarges_a_photograph_better_than_bicubic(name, monkeypatch):
    monkeypatch.delenv("IMAGING_DATA", raising=False)
    (scale,) = WEIGHTS[name].serves
    module, variables = pretrained.load(name)
    lr = resize(photograph(), 1 / scale, rounding="once")
    estimate = jnp.clip(jax.jit(module.apply)(variables, lr), 0, 1)
    bicubic = jnp.clip(resize(lr, scale), 0, 1)
    ours, theirs = (float(psnr(photograph(), x, border=scale)) for x in (estimate, bicubic))
    assert ours > theirs + 1.0


@pytest.mark.parametrize("name", DENOISING)
def test_denoises_a_photograph_better_than_wavelets(name, monkeypatch):
    monkeypatch.delenv("IMAGING_DATA", raising=False)
    module, variables = pretrained.load(name)
    clean = photograph()[..., -module.channels :]
    noisy = clean + 25 / 255 * jax.random.normal(jax.random.key(0), clean.shape)
    ours = jax.jit(module.apply)(variables, noisy, 25 / 255)
    theirs = denoise_wavelet(np.asarray(noisy), sigma=25 / 255, channel_axis=-1)
    gains = [float(psnr(clean, jnp.asarray(x))) for x in (ours, theirs)]
    assert gains[0] > gains[1] + 1.0


@pytest.mark.parametrize("name", DEBLOCKING)
@pytest.mark.parametrize(("quality", "gain"), [(10, 0.7), (30, 0.5), (80, 0.2)])
def test_removes_the_artefacts_of_a_photograph_s_file(name, quality, gain, monkeypatch):
    monkeypatch.delenv("IMAGING_DATA", raising=False)
    module, variables = pretrained.load(name)
    grey = Image.fromarray(skimage.data.camera()[:240, 100:340])
    file = io.BytesIO()
    grey.save(file, "JPEG", quality=quality)
    clean, given = (
        jnp.asarray(np.asarray(image)[..., None] / np.float32(255))
        for image in (grey, Image.open(file))
    )
    ours = jnp.clip(jax.jit(module.apply)(variables, given), 0, 1)
    assert float(psnr(clean, ours)) > float(psnr(clean, given)) + gain


@pytest.mark.parametrize(
    ("names", "served", "bytes_"),
    [(ENLARGING, {(2,), (3,), (4,)}, 6e6), (DENOISING + DEBLOCKING, {(), (1,)}, 8e6)],
)
def test_all_that_is_served_takes_few_megabytes(names, served, bytes_):
    assert {WEIGHTS[name].serves for name in names} == served
    files = [weights_module._path(WEIGHTS[name]) for name in names]
    assert sum(file.stat().st_size for file in files) <= bytes_
    assert {WEIGHTS[name].licence for name in OWN} == {"Apache-2.0"}
