import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage.restoration
from jax.tree_util import Partial

from imaging_jax.operators import Blur, gaussian_kernel
from imaging_jax.solvers import (
    data_proximal,
    dpir_schedule,
    pnp_admm,
    pnp_forward_backward,
    pnp_hqs,
    red,
    tikhonov,
    tv_proximal,
)
from tests.solvers.helpers import assert_gradients, deblurring, noise, psnr

# Minutes together, most of them compiling.
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _float64(x64):
    pass


def test_printed_schedule():
    sigmas, rhos = dpir_schedule(2.55 / 255)
    printed = [49, 32.123, 21.059, 13.8057, 9.0506, 5.9333, 3.8897, 2.55]
    np.testing.assert_allclose(255 * sigmas, printed, rtol=3e-5)
    printed = [6.229e-4, 1.449e-3, 3.372e-3, 7.847e-3, 0.01826, 0.04248, 0.09885, 0.23]
    np.testing.assert_allclose(rhos, printed, rtol=4e-4)
    assert dpir_schedule(0.0)[0][-1] == pytest.approx(0.255 / 255)
    sigmas, rhos = dpir_schedule(0.0, sigma_end=4 / 255, iterations=24)
    assert len(sigmas) == len(rhos) == 24
    assert 255 * sigmas[-1] == pytest.approx(4)
    assert rhos[-1] == pytest.approx(0.23 * (0.255 / 4) ** 2)


def test_printed_deblurring_with_total_variation():
    x, A, y = deblurring()
    sigmas, rhos = dpir_schedule(2.55 / 255)

    def denoiser(x, sigma):
        return tv_proximal(x, sigma, "circular", 50)

    for count, decibel in ((1, 25.349), (4, 27.689), (8, 28.159)):
        result = pnp_hqs(A, y, denoiser, sigmas[:count], rhos[:count], y)
        assert psnr(result.x, x) == pytest.approx(decibel, abs=6e-4)


def test_printed_deblurring_with_non_local_means():
    # That denoiser is no JAX function: the loop stands here.
    x, A, y = deblurring()
    z = y
    printed = [24.922, 26.513, 27.617, 28.305, 28.705, 28.956, 29.096, 29.159]
    for sigma, rho, decibel in zip(*dpir_schedule(2.55 / 255), printed, strict=True):
        z = np.asarray(data_proximal(A, y, z, rho))
        z = skimage.restoration.denoise_nl_means(
            z[..., 0], patch_size=5, patch_distance=6, h=0.8 * sigma, sigma=sigma, fast_mode=True
        )[..., None]
        assert psnr(z, x) == pytest.approx(decibel, abs=6e-4)


def shrinking(x, sigma):
    """The proximal map of ``sigma |x|² / 2``: fixed points are solutions of Tikhonov's problem."""
    return x / (1 + sigma)


@pytest.mark.parametrize("boundary", ["circular", "symmetric"])
def test_fixed_points_of_a_quadratic_prior(boundary):
    A = Blur(gaussian_kernel(3, 1.0), boundary, in_shape=(8, 9, 2), in_dtype=jnp.float64)
    y = noise(0, (3, 8, 9, 2))
    limits = {"tolerance": 1e-12, "max_iterations": 200}
    # 1/2 |A x - y|² + rho sigma / 2 |x|², and step_size = 1 for the gradient's.
    expected = tikhonov(A, y, 0.4 * 0.5, **limits)
    options = {"iterations": 200, "tolerance": 1e-6}
    results = [
        (expected, pnp_admm(A, y, shrinking, 0.5, 0.4, **options)),
        (tikhonov(A, y, 0.5, **limits), pnp_forward_backward(A, y, shrinking, 0.5, **options)),
    ]
    step_size = 0.9
    for accelerate in (False, True):
        result = pnp_forward_backward(
            A, y, shrinking, 0.5, step_size=step_size, accelerate=accelerate, **options
        )
        results.append((tikhonov(A, y, 0.5 / step_size, **limits), result))
    # RED: A.H (A x - y) / sigma² + weight (1 - 1 / 1.5) x = 0.
    result = red(A, y, shrinking, 0.1, 0.5, 60.0, **options)
    results.append((tikhonov(A, y, 60 * 0.1**2 / 3, **limits), result))
    for i, (expected, result) in enumerate(results):
        # The default step follows from an estimated norm.
        np.testing.assert_allclose(result.x, expected, atol=0.1 if i == 1 else 1e-5)
        assert result.converged.all()
        assert result.history.shape == (3, 200)
        np.testing.assert_array_equal(result.iterations, 200)


def test_convergence_is_said():
    A = Blur(gaussian_kernel(3, 1.0), in_shape=(8, 9, 1), in_dtype=jnp.float64)
    y = noise(0, (2, 8, 9, 1))
    for solver in (
        lambda y: pnp_admm(A, y, shrinking, 0.5, 0.4, iterations=2),
        lambda y: pnp_forward_backward(A, y, shrinking, 0.5, iterations=2),
        lambda y: red(A, y, shrinking, 0.1, 0.5, 60.0, iterations=2),
        lambda y: pnp_hqs(A, y, shrinking, np.array([1.0, 0.1]), np.array([0.1, 1])),
    ):
        result = jax.jit(solver)(y)
        assert not result.converged.any()
        # What it says is the relative change between the last two.
        assert (result.history[:, -1] > 1e-4).all()
        assert not solver(y * np.nan).converged.any()
        np.testing.assert_allclose(solver(y[1]).x, result.x[1], atol=1e-12)


def test_gradients_reach_the_weights_of_the_denoiser():
    y = noise(0, (2, 6, 7, 1))

    def denoiser(weights, x, sigma):
        return x - sigma * jnp.tanh(weights * x)

    def loss(weights, kernel, sigmas):
        A = Blur(kernel, in_shape=(6, 7, 1), in_dtype=jnp.float64)
        result = pnp_hqs(A, y, Partial(denoiser, weights), sigmas, jnp.array([0.1, 0.3, 1.0]))
        return jnp.sum(jnp.sin(result.x))

    kernel = gaussian_kernel(3, jnp.float64(1.0))
    assert_gradients(loss, (noise(1, (6, 7, 1)), kernel, jnp.array([0.5, 0.3, 0.1])))


def test_float32():
    with jax.enable_x64(False):
        A = Blur(gaussian_kernel(3, 1.0), in_shape=(8, 8, 1))
        y = noise(0, (8, 8, 1)).astype(np.float32)
        result = pnp_hqs(A, y, shrinking, *dpir_schedule(0.01))
        assert result.x.dtype == result.history.dtype == jnp.float32


def test_wrong_input():
    A = Blur(gaussian_kernel(3, 1.0), in_shape=(8, 8, 1), in_dtype=jnp.float64)
    y = np.zeros((8, 8, 1))
    with pytest.raises(ValueError, match="A: expected a LinearOperator, got function"):
        pnp_admm(lambda x: x, y, shrinking, 0.1, 1.0)
    with pytest.raises(ValueError, match="denoiser: expected a function, got float"):
        pnp_admm(A, y, 0.1, 0.1, 1.0)
    with pytest.raises(ValueError, match="sigma: expected a number >= 0"):
        pnp_forward_backward(A, y, shrinking, -0.1)
    with pytest.raises(ValueError, match="rho: expected a positive number"):
        pnp_admm(A, y, shrinking, 0.1, 0.0)
    with pytest.raises(ValueError, match="sigmas, rhos: expected vectors of one length"):
        pnp_hqs(A, y, shrinking, np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match="rhos: expected positive values"):
        pnp_hqs(A, y, shrinking, np.ones(2), np.array([1.0, 0]))
    with pytest.raises(ValueError, match="iterations: expected a positive integer, got 0"):
        pnp_admm(A, y, shrinking, 0.1, 1.0, iterations=0)
    with pytest.raises(ValueError, match="weight: expected a positive number"):
        red(A, y, shrinking, 0.1, 0.1, -1.0)
    with pytest.raises(ValueError, match="y: expected shape"):
        red(A, y[:7], shrinking, 0.1, 0.1, 1.0)
    with pytest.raises(ValueError, match="sigma: expected a number >= 0"):
        dpir_schedule(-1)
