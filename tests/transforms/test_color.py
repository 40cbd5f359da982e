import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage.color
from jax.test_util import check_grads

from imaging_jax.transforms import luminance, rgb_to_ycbcr, ycbcr_to_rgb

# 8-bit RGB and its Y by MATLAB's rgb2ycbcr.
CHECKS = [
    ((255, 0, 0), 81.481),
    ((0, 255, 0), 144.553),
    ((0, 0, 255), 40.966),
    ((255, 255, 255), 235.0),
    ((0, 0, 0), 16.0),
    ((10, 100, 200), 88.562),
]


def random_rgb(dtype=np.float64):
    return np.random.default_rng(0).random((2, 4, 5, 3)).astype(dtype)


@pytest.mark.parametrize(("rgb", "y"), CHECKS)
def test_luminance_of_colours(rgb, y, x64):
    x = np.array(rgb, np.float64).reshape(1, 1, 3) / 255
    assert 255 * luminance(x).item() == pytest.approx(y, abs=5e-4)
    assert luminance(x).shape == (1, 1, 1)


def test_against_skimage(x64):
    x = random_rgb()
    expected = skimage.color.rgb2ycbcr(x) / 255
    np.testing.assert_allclose(rgb_to_ycbcr(x), expected, atol=1e-12)
    np.testing.assert_allclose(luminance(x), expected[..., :1], atol=1e-12)


def test_float32():
    x = random_rgb(np.float32)
    assert luminance(x).dtype == jnp.float32
    np.testing.assert_allclose(rgb_to_ycbcr(x), skimage.color.rgb2ycbcr(x) / 255, atol=5e-7)


def test_round_trip(x64):
    x = random_rgb()
    np.testing.assert_allclose(ycbcr_to_rgb(rgb_to_ycbcr(x)), x, atol=1e-14)
    grey = np.full((1, 1, 3), 128 / 255)
    grey[..., 0] = 16 / 255
    np.testing.assert_allclose(ycbcr_to_rgb(grey), 0, atol=1e-15)


def test_compiled_mapped_and_differentiated(x64):
    x = random_rgb()
    for function in (rgb_to_ycbcr, ycbcr_to_rgb, luminance):
        np.testing.assert_allclose(jax.jit(jax.vmap(function))(x), function(x), atol=1e-15)
        check_grads(function, (x[0],), order=1)


@pytest.mark.parametrize("function", [rgb_to_ycbcr, ycbcr_to_rgb, luminance])
def test_wrong_images(function):
    with pytest.raises(ValueError, match=r"expected shape \(..., H, W, 3\), got \(4, 4, 1\)"):
        function(jnp.zeros((4, 4, 1)))
    with pytest.raises(ValueError, match="floating point, got dtype uint8"):
        function(jnp.zeros((4, 4, 3), jnp.uint8))
