"""Closed forms of argmin |A x - y|² + rho |x - z|²: published values, vanishing gradients."""

import jax
import numpy as np
import pytest
import scipy.ndimage

from imaging_jax.operators import (
    BayerMosaic,
    Blur,
    BlurDownsample,
    Cassi,
    CodedDiffraction,
    CompressiveSensing,
    Fourier,
    FourierShift,
    Grey,
    Inpainting,
    MaskedFourier,
    SubsampledTransform,
    gaussian_kernel,
    optical_transfer_function,
    sample_gaussian_matrix,
)


def normal(seed, shape):
    return np.random.RandomState(seed).standard_normal(shape)


def gradient_norm(A, x, y, z, rho):
    return np.abs(A.H(A(x) - y) + rho * (x - z)).max()


# The fact sheet's values of Zhao et al.'s formula: scale, side, x[0, 0], sum.
ZHAO = [
    (2, 48, 0.1960249029, -35.3662978695),
    (3, 72, 0.3152985517, -64.0316432272),
    (4, 96, 0.0979482206, -29.8662052955),
]


@pytest.mark.parametrize(("scale", "side", "corner", "total"), ZHAO)
def test_blur_and_decimation(scale, side, corner, total, x64):
    image = {"in_shape": (side, side, 1), "in_dtype": np.float64}
    A = BlurDownsample(gaussian_kernel(7, 1.2), scale, **image)
    small = (side // scale, side // scale, 1)
    y = A(normal(2, (side, side, 1))) + 0.1 * normal(3, small)
    z = normal(4, (side, side, 1))
    x = jax.jit(lambda A, y, z: A.proximal(y, z, 0.05))(A, y, z)
    np.testing.assert_allclose(x[0, 0, 0], corner, atol=1e-10)
    np.testing.assert_allclose(x.sum(), total, atol=1e-9)
    assert gradient_norm(A, x, y, z, 0.05) < 1e-14


def test_decimation_with_an_offset_and_an_even_kernel(x64):
    A = BlurDownsample(normal(0, (4, 3)), 3, 2, in_shape=(9, 12, 2), in_dtype=np.float64)
    y, z = normal(1, (5, 3, 4, 2)), normal(2, (5, 9, 12, 2))
    assert gradient_norm(A, A.proximal(y, z, 0.3), y, z, 0.3) < 1e-13


def test_blur(x64):
    A = Blur(normal(0, (5, 4)), in_shape=(7, 9, 2), in_dtype=np.float64)
    y, z = normal(1, (3, 7, 9, 2)), normal(2, (3, 7, 9, 2))
    assert gradient_norm(A, A.proximal(y, z, 0.3), y, z, 0.3) < 1e-13


def test_complex_blur(x64):
    A = Blur(normal(0, (3, 3)), in_shape=(6, 7, 1), in_dtype=np.complex128)
    y = normal(1, (6, 7, 1)) + 1j * normal(2, (6, 7, 1))
    z = normal(3, (6, 7, 1)) + 1j * normal(4, (6, 7, 1))
    assert gradient_norm(A, A.proximal(y, z, 0.3), y, z, 0.3) < 1e-13


def operators_of(dtype):
    domain = {"in_shape": (6, 7, 2), "in_dtype": dtype}
    yield Inpainting(normal(0, (6, 7, 1)), **domain)
    yield MaskedFourier(normal(0, (6, 7)), **domain)
    yield Fourier(1.5, **domain)
    yield CodedDiffraction(normal(0, (3, 6, 7)) + 1j * normal(1, (3, 6, 7)), **domain)
    yield FourierShift(np.array([0.3, -1.6]), **domain)
    yield Grey(np.array([0.3, 0.8]), **domain)
    if dtype == np.float64:
        yield Cassi(normal(0, (6, 7)), 2, **domain)
        yield BayerMosaic(in_shape=(5, 6, 3), in_dtype=dtype)
        rows = np.linalg.qr(normal(0, (42, 9)))[0].T
        yield CompressiveSensing(rows, orthonormal_rows=True, **domain)
        signs, indices = np.sign(normal(0, (4, 8))), np.array([1, 5, 30])
        yield SubsampledTransform(signs, indices, in_shape=(4, 8, 2), in_dtype=dtype)
        signs = np.sign(normal(0, (6, 7)))
        yield SubsampledTransform(signs, indices, "dct", **domain)


def noise_like(seed, shape, dtype):
    if np.issubdtype(dtype, np.complexfloating):
        return normal(seed, shape) + 1j * normal(seed + 100, shape)
    return normal(seed, shape)


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_gradients_vanish(dtype, x64):
    operators = list(operators_of(dtype))
    ys = [noise_like(0, (2, *A.out_shape), A.out_dtype) for A in operators]
    zs = [noise_like(1, (2, *A.in_shape), A.in_dtype) for A in operators]

    def gradients(operators, ys, zs):
        for A, y, z in zip(operators, ys, zs, strict=True):
            x = A.proximal(y, z, 0.3)
            yield x, A.H(A(x) - y) + 0.3 * (x - z)

    options = {"xla_backend_optimization_level": 0}
    compiled = jax.jit(lambda *a: list(gradients(*a)), compiler_options=options)
    for A, (x, gradient) in zip(operators, compiled(operators, ys, zs), strict=True):
        assert x.dtype == dtype, A
        assert np.abs(gradient).max() < 1e-12, A


def test_no_closed_form():
    kernel = np.ones((3, 3), np.float32)
    assert Blur(kernel, "symmetric", in_shape=(6, 6, 1)).proximal is None
    assert BlurDownsample(kernel, 2, in_shape=(6, 7, 1)).proximal is None
    matrix = sample_gaussian_matrix(jax.random.key(0), 5, 42)
    assert CompressiveSensing(matrix, in_shape=(6, 7, 1)).proximal is None


@pytest.mark.parametrize("kernel_shape", [(3, 3), (4, 5), (9, 12)])
def test_transfer_function_of_kernels_also_larger_than_the_image(kernel_shape, x64):
    kernel, x = normal(0, kernel_shape), normal(1, (6, 7))
    otf = optical_transfer_function(kernel, (6, 7))
    got = np.fft.ifft2(otf * np.fft.fft2(x))
    np.testing.assert_allclose(got, scipy.ndimage.convolve(x, kernel, mode="wrap"), atol=1e-12)


def test_another_forward_has_not_the_closed_form_of_the_class_above():
    class Dimmed(Blur):
        def forward(self, x):
            return super().forward(x) / 2

    assert Dimmed(np.ones((3, 3), np.float32), in_shape=(6, 6, 1)).proximal is None
