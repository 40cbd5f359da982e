import jax
import jax.numpy as jnp
import numpy as np
import pytest
import pywt
import skimage.data
import skimage.restoration

from imaging_jax.transforms import bayes_shrink, estimate_noise, soft_threshold, visu_shrink


def noisy_camera(sigma):
    x = skimage.data.camera()[::4, ::4, None] / 255
    return x, x + sigma * np.random.RandomState(0).standard_normal(x.shape)


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_soft_threshold_against_pywavelets(dtype, x64):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(200).view(dtype)
    x[:3] = 0
    expected = pywt.threshold(x, 0.7, "soft")
    np.testing.assert_allclose(soft_threshold(x, 0.7), expected, atol=1e-15)
    np.testing.assert_array_equal(soft_threshold(x, 0.0), x)


def test_soft_threshold_has_a_gradient_at_zero(x64):
    for x in (jnp.zeros(3), jnp.zeros(3, complex)):
        gradient = jax.grad(lambda x: jnp.sum(abs(soft_threshold(x, 0.5)) ** 2))(x)
        np.testing.assert_array_equal(gradient, 0)


def test_noise_estimate(x64):
    _, y = noisy_camera(0.1)
    both = np.concatenate([y, 3 * y], axis=-1)[None]
    sigma = estimate_noise(both)
    assert sigma.shape == (1, 2)
    # The oracle extends the image otherwise: the coefficients at the border differ.
    expected = skimage.restoration.estimate_sigma(y[..., 0])
    np.testing.assert_allclose(sigma[0], [expected, 3 * expected], rtol=0.02)


def shrink_oracle(y, wavelet, levels, threshold):
    low, *details = pywt.wavedec2(y, wavelet, mode="periodization", level=levels)
    details = [tuple(pywt.threshold(d, threshold(d), "soft") for d in level) for level in details]
    return pywt.waverec2([low, *details], wavelet, mode="periodization")


def test_visu_shrink(x64):
    _, y = noisy_camera(0.1)
    universal = 0.1 * np.sqrt(2 * np.log(128 * 128))
    expected = shrink_oracle(y[..., 0], "db2", 3, lambda d: universal)
    np.testing.assert_allclose(visu_shrink(y, 0.1)[..., 0], expected, atol=1e-12)


def test_bayes_shrink(x64):
    x, y = noisy_camera(0.1)

    def threshold(d):
        return 0.01 / np.sqrt(np.mean(d**2) - 0.01)

    expected = shrink_oracle(y[..., 0], "sym4", 3, threshold)
    stack = np.concatenate([y, 2 * y], axis=-1)
    denoised = jax.jit(lambda y, s: bayes_shrink(y, s, "sym4"))(stack, np.array([0.1, 0.2]))
    np.testing.assert_allclose(denoised[..., 0], expected, atol=1e-12)
    np.testing.assert_allclose(denoised[..., 1], 2 * expected, atol=1e-12)
    assert np.mean((denoised[..., :1] - x) ** 2) < 0.4 * np.mean((y - x) ** 2)


def test_bayes_shrink_of_noise_alone_and_of_nothing(x64):
    flat = bayes_shrink(0.01 * noisy_camera(0.1)[1], 0.5)
    details = pywt.wavedec2(flat[..., 0], "db2", mode="periodization", level=3)[1:]
    np.testing.assert_allclose(np.concatenate([np.ravel(d) for d in details]), 0, atol=1e-15)
    np.testing.assert_array_equal(bayes_shrink(jnp.zeros((8, 8, 1)), 0.0), 0)
