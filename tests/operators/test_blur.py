"""Blur against scipy.ndimage, kernels against their closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
import scipy.stats
from jax.test_util import check_grads
from skimage import data

from imaging_jax.metrics import psnr
from imaging_jax.operators import (
    Blur,
    BlurDownsample,
    anisotropic_gaussian_kernel,
    blur,
    box_kernel,
    downsample,
    gaussian_kernel,
)

NDIMAGE_MODES = {
    "circular": "wrap",
    "symmetric": "reflect",
    "reflect": "mirror",
    "zero": "constant",
}


def random(seed, shape):
    return np.random.default_rng(seed).random(shape)


@pytest.mark.parametrize("boundary", NDIMAGE_MODES)
@pytest.mark.parametrize("kernel_shape", [(3, 3), (4, 4), (5, 2), (1, 7), (15, 12)])
def test_against_ndimage(boundary, kernel_shape, x64):
    x, kernel = random(0, (9, 12, 2)), random(1, kernel_shape)
    got = blur(x, kernel, boundary)
    for channel in range(2):
        expected = scipy.ndimage.convolve(x[..., channel], kernel, mode=NDIMAGE_MODES[boundary])
        np.testing.assert_allclose(got[..., channel], expected, atol=1e-13)


@pytest.mark.parametrize("kernel_shape", [(3, 3), (4, 2), (9, 12)])
def test_valid_against_scipy(kernel_shape, x64):
    x, kernel = random(0, (9, 12, 1)), random(1, kernel_shape)
    expected = scipy.signal.convolve2d(x[..., 0], kernel, mode="valid")
    np.testing.assert_allclose(blur(x, kernel, "valid")[..., 0], expected, atol=1e-13)


def test_a_point_becomes_the_kernel():
    x = np.zeros((7, 7, 1), np.float32)
    x[3, 3] = 1
    kernel = random(0, (3, 3)).astype(np.float32)
    np.testing.assert_allclose(blur(x, kernel)[2:5, 2:5, 0], kernel, atol=1e-6)


def test_complex_images(x64):
    x, kernel = random(0, (5, 6, 1)) + 1j * random(1, (5, 6, 1)), random(2, (3, 2))
    expected = blur(x.real, kernel) + 1j * blur(x.imag, kernel)
    np.testing.assert_allclose(blur(x, kernel), expected, atol=1e-14)


def test_float32_stays_float32_and_close(x64):
    x, kernel = random(0, (2, 32, 32, 3)), random(1, (9, 9))
    kernel /= kernel.sum()
    got = blur(jnp.asarray(x, jnp.float32), kernel)
    assert got.dtype == jnp.float32
    np.testing.assert_allclose(got, blur(x, kernel), atol=1e-6)


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        (lambda: box_kernel(9), 23.6073),
        (lambda: gaussian_kernel(25, 1.6), 26.6557),
        (lambda: gaussian_kernel(25, 3.0), 23.8204),
    ],
)
def test_psnr_of_the_blurred_camera_man(kernel, expected, x64):
    x = data.camera()[..., None] / 255
    assert float(psnr(x, blur(x, kernel()))) == pytest.approx(expected, abs=5e-5)


def test_gaussian_kernel_against_ndimage(x64):
    point = np.zeros((11, 11))
    point[5, 5] = 1
    expected = scipy.ndimage.gaussian_filter(point, 1.5, radius=5)
    np.testing.assert_allclose(gaussian_kernel(11, 1.5), expected, atol=1e-15)


@pytest.mark.parametrize("size", [10, 11])
def test_anisotropic_kernel_against_scipy(size, x64):
    major, minor, theta = 2.5, 1.2, 0.6
    R = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
    covariance = R @ np.diag([major**2, minor**2]) @ R.T
    offsets = np.arange(size) - (size - 1) / 2
    xy = np.stack(np.meshgrid(offsets, offsets, indexing="xy"), axis=-1)
    expected = scipy.stats.multivariate_normal([0, 0], covariance).pdf(xy)
    got = anisotropic_gaussian_kernel(size, major, minor, theta)
    np.testing.assert_allclose(got, expected / expected.sum(), atol=1e-15)


def test_major_axis_points_right_and_down_at_a_small_angle(x64):
    kernel = anisotropic_gaussian_kernel(15, 4.0, 1.0, np.pi / 4)
    assert kernel[11, 11] > 100 * kernel[3, 11]


def test_kernels_of_extreme_width(x64):
    np.testing.assert_allclose(gaussian_kernel(4, 1e-3)[1:3, 1:3], 0.25)
    np.testing.assert_allclose(gaussian_kernel(5, 1e6), box_kernel(5), rtol=1e-9)
    assert float(box_kernel(4).sum()) == 1


def test_derivatives_of_the_kernel(x64):
    check_grads(
        jax.jit(lambda *parameters: anisotropic_gaussian_kernel(5, *parameters)),
        (1.5, 0.8, 0.3),
        order=1,
    )
    check_grads(lambda sigma: gaussian_kernel(6, sigma), (1.1,), order=1)


@pytest.mark.parametrize("boundary", ["circular", "reflect"])
def test_gradient_with_respect_to_the_kernel_through_the_operator(boundary, x64):
    x, y = random(0, (6, 5, 1)), random(1, (6, 5, 1))
    A = Blur(random(2, (3, 2)), boundary, in_shape=x.shape, in_dtype=x.dtype)
    # y · A x is linear in the kernel: its derivative is y · (x convolved with a unit kernel).
    expected = np.zeros((3, 2))
    for index in np.ndindex(3, 2):
        unit = np.zeros((3, 2))
        unit[index] = 1
        blurred = scipy.ndimage.convolve(x[..., 0], unit, mode=NDIMAGE_MODES[boundary])
        expected[index] = np.sum(y[..., 0] * blurred)
    forward = jax.jit(jax.grad(lambda A: jnp.vdot(y, A(x))))(A).kernel
    np.testing.assert_allclose(forward, expected, atol=1e-12)
    adjoint = jax.jit(jax.grad(lambda A: jnp.vdot(A.H(y), x)))(A).kernel
    np.testing.assert_allclose(adjoint, expected, atol=1e-12)


def test_mapped_over_kernels(x64):
    x, kernels = random(0, (2, 6, 5, 1)), random(1, (2, 3, 3))
    mapped = jax.jit(jax.vmap(blur))(x, kernels)
    np.testing.assert_allclose(mapped[1], blur(x[1], kernels[1]), atol=1e-14)


def test_downsample():
    x = np.arange(35, dtype=np.float32).reshape(5, 7, 1)
    np.testing.assert_array_equal(downsample(x, 3)[..., 0], [[0, 3, 6], [21, 24, 27]])
    np.testing.assert_array_equal(downsample(x, 3, 2)[..., 0], [[16, 19]])
    assert downsample(np.zeros((2, 5, 7, 3), np.float32), 2, 1).shape == (2, 2, 3, 3)


def test_blur_downsample_against_scipy(x64):
    x, kernel = random(0, (8, 9, 2)), random(1, (5, 5))
    A = BlurDownsample(kernel, 3, 1, "symmetric", in_shape=x.shape, in_dtype=x.dtype)
    assert A.out_shape == (3, 3, 2)
    for channel in range(2):
        expected = scipy.ndimage.convolve(x[..., channel], kernel, mode="reflect")[1::3, 1::3]
        np.testing.assert_allclose(A(x)[..., channel], expected, atol=1e-13)


def test_even_kernel_and_decimation_by_two_keep_the_image_in_place(x64):
    # A ramp has its value at the block's centre: position 2 i + 1/2 of the large image.
    x = np.broadcast_to(np.arange(20.0), (20, 20))[..., None]
    y = downsample(blur(x, gaussian_kernel(6, 1.0), "valid"), 2)[0, :, 0]
    np.testing.assert_allclose(y, np.arange(0, 15, 2) + 2.5, atol=1e-12)
    full = downsample(blur(x, gaussian_kernel(6, 1.0)), 2)[0, 2:8, 0]
    np.testing.assert_allclose(full, 2 * np.arange(2, 8) + 0.5, atol=1e-12)


def test_wrong_arguments():
    x = jnp.zeros((4, 5, 1))
    with pytest.raises(ValueError, match="kernel: expected a real matrix"):
        blur(x, jnp.zeros((3, 3, 1)))
    with pytest.raises(ValueError, match="kernel: expected a real matrix"):
        blur(x, jnp.zeros((3, 3), jnp.complex64))
    with pytest.raises(ValueError, match=r"boundary: expected one of .* got 'wrap'"):
        blur(x, jnp.ones((3, 3)), "wrap")
    with pytest.raises(ValueError, match="at least as many pixels as the kernel"):
        blur(x, jnp.ones((5, 3)), "valid")
    with pytest.raises(ValueError, match="at least 2 pixels"):
        blur(jnp.zeros((1, 5, 1)), jnp.ones((3, 3)), "reflect")
    with pytest.raises(ValueError, match="size: expected a positive"):
        gaussian_kernel(0, 1.0)
    with pytest.raises(ValueError, match="size: expected a positive"):
        box_kernel(0)
    with pytest.raises(ValueError, match="scale: expected a positive"):
        downsample(x, 0)
    with pytest.raises(ValueError, match="offset: expected 0 <= offset"):
        downsample(x, 2, 2)
    with pytest.raises(ValueError, match="more than offset=4"):
        downsample(x, 6, 4)
