import jax.numpy as jnp
import numpy as np
import pytest
import scipy.signal
import skimage.restoration

from imaging_jax.operators import Blur, blur, box_kernel, gaussian_kernel
from imaging_jax.solvers import richardson_lucy, wiener
from tests.solvers.helpers import (
    assert_gradients,
    camera,
    deblurring,
    matrix_operator,
    noise,
    psnr,
    small_camera,
)

# Minutes together, most of them compiling.
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _float64(x64):
    pass


RATIOS = [1e-3, 3e-3, 1e-2, 3e-2]
# Kernel, 255 sigma; PSNR at these ratios, with the oracle spectrum, and with the gradient.
WIENER = [
    ("uniform", 2.55, [19.858, 24.157, 26.130, 25.424], 27.464, [23.813, 26.232, 26.776, 26.224]),
    (1.6, 2.55, [24.029, 26.980, 28.339, 27.644], 28.912, [26.361, 28.052, 28.610, 28.400]),
    (3.0, 2.55, [25.465, 26.049, 25.795, 24.895], 26.391, [25.252, 26.002, 26.025, 25.698]),
    ("uniform", 7.65, [10.672, 16.150, 21.479, 24.045], 25.829, None),
    (1.6, 7.65, [15.418, 19.883, 24.055, 25.980], 27.658, None),
    (3.0, 7.65, [20.071, 23.157, 24.762, 24.595], 25.436, None),
]


@pytest.mark.parametrize(("kernel", "sigma", "identity", "oracle", "gradient"), WIENER)
def test_printed_wiener_filters(kernel, sigma, identity, oracle, gradient):
    x, sigma = camera(), sigma / 255
    kernel = box_kernel(9) if kernel == "uniform" else gaussian_kernel(25, jnp.float64(kernel))
    kernel = kernel.astype(jnp.float64)
    y = blur(x, kernel) + sigma * noise(0, x.shape)
    spectrum = np.abs(np.fft.fft2(x, axes=(0, 1))) ** 2 / x.size
    assert psnr(wiener(y, kernel, sigma**2 / spectrum), x) == pytest.approx(oracle, abs=6e-4)
    for i, ratio in enumerate(RATIOS):
        assert psnr(wiener(y, kernel, ratio), x) == pytest.approx(identity[i], abs=6e-4)
        if gradient:
            restored = wiener(y, kernel, ratio, "gradient")
            assert psnr(restored, x) == pytest.approx(gradient[i], abs=6e-4)


def test_laplacian_against_skimage():
    x = camera()[::8, ::4]
    kernel = np.ones((5, 5)) / 25
    y = scipy.signal.convolve2d(x[..., 0], kernel, "same") + 0.02 * noise(0, x.shape[:2])
    for balance in (0.1, 1100.0):
        expected = skimage.restoration.wiener(y, kernel, balance, clip=False)
        restored = wiener(np.stack([y, 2 * y], axis=-1)[None], kernel, balance, "laplacian")
        np.testing.assert_allclose(restored[0, ..., 0], expected, atol=1e-10)
        np.testing.assert_allclose(restored[0, ..., 1], 2 * expected, atol=1e-10)


def test_printed_laplacian():
    # The published figure is clipped to [-1, 1].
    x = camera()
    kernel = np.ones((5, 5)) / 25
    y = scipy.signal.convolve2d(x[..., 0], kernel, "same")
    y = (y + 0.1 * y.std() * noise(0, y.shape))[..., None]
    assert psnr(y, x) == pytest.approx(24.5161, abs=1e-4)
    restored = np.clip(wiener(y, kernel, 0.1, "laplacian"), -1, 1)
    assert psnr(restored, x) == pytest.approx(25.5462, abs=1e-4)


def test_inverse_filter_of_a_singular_blur_is_finite():
    y = noise(0, (8, 8, 1))
    # The kernel [1/2, 1/2] removes the highest frequency.
    restored = wiener(y, np.array([[0.5, 0.5]]), 0.0)
    expected = np.fft.fft(y, axis=1)
    expected[:, 4] = 0
    np.testing.assert_allclose(
        blur(restored, np.array([[0.5, 0.5]])), np.fft.ifft(expected, axis=1).real, atol=1e-10
    )


@pytest.mark.parametrize("regularizer", ["identity", "gradient", "laplacian"])
def test_wiener_gradients(regularizer):
    def loss(y, kernel, ratio):
        return jnp.sum(jnp.sin(wiener(y, kernel, ratio, regularizer)))

    kernel = gaussian_kernel(3, jnp.float64(1.0))
    assert_gradients(loss, (noise(0, (5, 6, 1)), kernel, jnp.float64(0.1)))


def test_printed_richardson_lucy():
    x, A, _ = deblurring()
    y = np.random.RandomState(1).poisson(1000 * np.asarray(A(x))) / 1000
    assert psnr(y, x) == pytest.approx(24.3835, abs=1e-4)
    for iterations, decibel in ((10, 26.0181), (30, 26.1280), (50, 25.7015), (100, 24.4804)):
        result = richardson_lucy(A, y, max_iterations=iterations)
        assert psnr(result.x, x) == pytest.approx(decibel, abs=1e-4)
        assert result.x.sum() == pytest.approx(y.sum(), rel=1e-12)


def test_richardson_lucy_against_skimage():
    # The other one doesn't divide by A.H(1), which is below 1 at the border: three iterations
    # carry that 12 pixels inwards.
    y = small_camera()[:48, :56]
    kernel = np.asarray(gaussian_kernel(5, jnp.float64(1.0))) * np.linspace(0.5, 1, 5)
    kernel /= kernel.sum()
    A = Blur(kernel, "zero", in_shape=y.shape, in_dtype=jnp.float64)
    expected = skimage.restoration.richardson_lucy(y[..., 0], kernel, num_iter=3, clip=False)
    result = richardson_lucy(A, y, np.full(y.shape, 0.5), max_iterations=3)
    inner = slice(14, -14)
    np.testing.assert_allclose(result.x[inner, inner, 0], expected[inner, inner], rtol=1e-9)
    assert abs(result.x[..., 0] - expected).max() > 1e-2


def test_richardson_lucy_finds_the_scene_and_stops():
    M = np.random.RandomState(0).random_sample((12, 4))
    x = np.random.RandomState(1).random_sample((3, 4)) + 0.1
    A = matrix_operator(M)
    result = richardson_lucy(A, A(x), tolerance=1e-10, max_iterations=20000)
    assert result.converged.all()
    np.testing.assert_allclose(result.x, x, rtol=1e-4)


def test_richardson_lucy_without_light():
    A = matrix_operator(np.diag([1.0, 1, 0]))
    result = richardson_lucy(A, np.array([2.0, 0, 0]), max_iterations=5)
    # The third pixel isn't seen and keeps the start, the mean.
    np.testing.assert_allclose(result.x, [2, 0, 2 / 3], atol=1e-12)
    dark = richardson_lucy(A, np.zeros(3), max_iterations=5)
    np.testing.assert_array_equal(dark.x, 0)


def test_wrong_input():
    y, kernel = jnp.zeros((4, 4, 1)), jnp.ones((3, 3)) / 9
    with pytest.raises(ValueError, match="y: expected a real floating-point image"):
        wiener(y + 0j, kernel, 0.1)
    with pytest.raises(ValueError, match="kernel: expected a real matrix"):
        wiener(y, jnp.ones(3), 0.1)
    with pytest.raises(ValueError, match=r"noise_to_signal: expected values >= 0, got -0\.1"):
        wiener(y, kernel, -0.1)
    with pytest.raises(ValueError, match="noise_to_signal: expected to broadcast against"):
        wiener(y, kernel, np.ones((3, 4, 1)))
    with pytest.raises(ValueError, match="regularizer: expected 'identity', 'gradient' or"):
        wiener(y, kernel, 0.1, "sobel")
    A = matrix_operator(np.eye(3) + 0j)
    with pytest.raises(ValueError, match="A: expected real input and output"):
        richardson_lucy(A, np.ones(3))
    with pytest.raises(ValueError, match="tolerance: expected a number >= 0"):
        richardson_lucy(matrix_operator(np.eye(3)), np.ones(3), tolerance=-1)
