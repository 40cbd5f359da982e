import jax
import jax.numpy as jnp
import numpy as np
import pytest
import pywt

from imaging_jax.transforms import (
    stationary_wavelet_decompose,
    stationary_wavelet_reconstruct,
    wavelet_decompose,
)


def random_image(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("wavelet", ["haar", "db3", "bior4.4"])
def test_decomposition_against_pywavelets(wavelet, x64):
    x = random_image((2, 16, 24, 2))
    expected = pywt.swt2(x, wavelet, 2, axes=(-3, -2), trim_approx=True)
    jax.tree.map(
        lambda found, wanted: np.testing.assert_allclose(found, wanted, atol=1e-12),
        stationary_wavelet_decompose(x, wavelet, 2),
        expected,
    )


@pytest.mark.parametrize("wavelet", ["haar", "db4", "bior1.5"])
def test_every_other_coefficient_is_that_of_the_decimated_transform(wavelet, x64):
    x = random_image((8, 24, 1))
    approximation, coarse, fine = stationary_wavelet_decompose(x, wavelet, 2)
    thinned = [
        approximation[::4, ::4],
        tuple(band[::4, ::4] for band in coarse),
        tuple(band[::2, ::2] for band in fine),
    ]
    jax.tree.map(
        lambda found, wanted: np.testing.assert_allclose(found, wanted, atol=1e-12),
        thinned,
        wavelet_decompose(x, wavelet, 2),
    )


@pytest.mark.parametrize("wavelet", ["haar", "db4", "bior4.4"])
def test_images_of_any_size_come_back(wavelet, x64):
    x = random_image((2, 7, 11, 3))
    coefficients = stationary_wavelet_decompose(x, wavelet, 3)
    np.testing.assert_allclose(stationary_wavelet_reconstruct(coefficients, wavelet), x, atol=1e-11)


def test_wrong_input():
    with pytest.raises(ValueError, match="x: expected an image"):
        stationary_wavelet_decompose(jnp.ones((4, 4)))
    with pytest.raises(ValueError, match="levels: expected a positive integer, got 0"):
        stationary_wavelet_decompose(jnp.ones((4, 4, 1)), levels=0)
    with pytest.raises(ValueError, match="wavelet: expected a discrete wavelet"):
        stationary_wavelet_decompose(jnp.ones((4, 4, 1)), "daubechies")
    band = jnp.ones((4, 4, 1))
    with pytest.raises(ValueError, match="coefficients: expected three details"):
        stationary_wavelet_reconstruct([band, (band, band[:2], band)])
