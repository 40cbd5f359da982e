import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.fft

from imaging_jax.transforms import dct2, idct2


@pytest.mark.parametrize("shape", [(2, 3, 5, 12, 3), (17, 1, 2)])
def test_against_scipy(shape, x64):
    x = np.random.default_rng(0).standard_normal(shape)
    expected = scipy.fft.dctn(x, axes=(-3, -2), norm="ortho")
    np.testing.assert_allclose(jax.jit(dct2)(x), expected, atol=1e-12)
    np.testing.assert_allclose(idct2(expected), x, atol=1e-12)
    y = np.random.default_rng(1).standard_normal(shape)
    np.testing.assert_allclose(jax.linear_transpose(dct2, y)(y)[0], idct2(y), atol=1e-12)


def test_printed_coefficients(x64):
    X = dct2(np.arange(16.0).reshape(4, 4, 1))[..., 0]
    expected = np.zeros((4, 4))
    expected[0] = [30, -4.460885, 0, -0.317025]
    expected[1:, 0] = [-17.84354, 0, -1.268101]
    np.testing.assert_allclose(X, expected, atol=1e-6)


def test_float32():
    x = np.random.default_rng(0).random((32, 48, 1)).astype(np.float32)
    assert dct2(x).dtype == jnp.float32
    expected = scipy.fft.dctn(x.astype(np.float64), axes=(0, 1), norm="ortho")
    np.testing.assert_allclose(dct2(x), expected, atol=2e-5)


@pytest.mark.parametrize("function", [dct2, idct2])
def test_wrong_images(function):
    with pytest.raises(ValueError, match=r"x: expected an image \(..., H, W, C\), got shape \(4,"):
        function(jnp.zeros((4, 4)))
    with pytest.raises(ValueError, match="x: expected a real floating-point image, got int32"):
        function(jnp.zeros((4, 4, 1), jnp.int32))
    with pytest.raises(ValueError, match="x: expected a real floating-point image, got complex64"):
        function(jnp.zeros((4, 4, 1), jnp.complex64))
