"""Priors of complex images, as magnetic resonance has them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import pywt

from imaging_jax.operators import MaskedFourier, sample_cartesian_mask
from imaging_jax.solvers import (
    fista,
    translation_invariant_wavelet_proximal,
    tv_proximal,
    wavelet_proximal,
)
from tests.solvers.helpers import noise, psnr, small_camera


def test_wavelet_details_keep_their_phase(x64):
    x = np.asarray(small_camera() + 1j * noise(0, (256, 256, 1)))[:32, :48]
    found = np.asarray(wavelet_proximal(x, 0.2, "db2", 2))[..., 0]
    bands = pywt.wavedec2(x[..., 0], "db2", "periodization", 2)

    def shrunk(band):
        return band * np.maximum(1 - 0.2 / np.maximum(np.abs(band), 1e-300), 0)

    shrunken = [bands[0], *(tuple(map(shrunk, details)) for details in bands[1:])]
    wanted = pywt.waverec2(shrunken, "db2", "periodization")
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("proximal", "weight"),
    [
        (tv_proximal, 0.01),
        (wavelet_proximal, 0.01),
        (translation_invariant_wavelet_proximal, 0.01),
    ],
)
def test_undersampled_spectra_of_an_image_with_phase_are_completed(proximal, weight, x64):
    magnitude = small_camera()[:128, :128]
    rows = jnp.linspace(-1, 1, 128)[:, None, None]
    x = magnitude * jnp.exp(2j * rows)
    mask = sample_cartesian_mask(jax.random.key(0), (128, 128), 3)
    A = MaskedFourier(mask, in_shape=x.shape, in_dtype=x.dtype)
    y = A(x)
    zero_filled = A.H(y)
    result = fista(A, y, proximal, weight, max_iterations=100)
    before, after = (psnr(jnp.abs(image), magnitude) for image in (zero_filled, result.x))
    assert jnp.iscomplexobj(result.x)
    assert after > before + 0.5


@pytest.mark.parametrize("wavelet", ["haar", "db4"])
def test_cycle_spinning_is_the_mean_over_all_shifts(wavelet, x64):
    x = noise(0, (16, 24, 2)) + 1j * noise(1, (16, 24, 2))
    shrink = jax.jit(lambda x: wavelet_proximal(x, 0.5, wavelet, 2))
    wanted = np.mean(
        [
            np.roll(shrink(np.roll(x, shift, (0, 1))), np.negative(shift), (0, 1))
            for shift in np.ndindex(4, 4)
        ],
        axis=0,
    )
    found = translation_invariant_wavelet_proximal(x, 0.5, wavelet, 2)
    np.testing.assert_allclose(found, wanted, atol=1e-12)
