import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse.linalg

from imaging_jax.operators import (
    Blur,
    BlurDownsample,
    Inpainting,
    LinearOperator,
    gaussian_kernel,
    vstack,
)
from imaging_jax.solvers import conjugate_gradient, data_proximal, landweber, lsqr, tikhonov
from tests.solvers.helpers import assert_gradients, deblurring, matrix_operator, noise, psnr

SOLVERS = [conjugate_gradient, lsqr, landweber]


@pytest.fixture(autouse=True)
def _float64(x64):
    pass


class Fourier(LinearOperator):
    mask: jax.Array

    def forward(self, x):
        return self.mask * jnp.fft.fft2(x, axes=(0, 1), norm="ortho")


class Square(LinearOperator):
    def forward(self, x):
        return x**2


def residual_norm(A, x, y):
    return jnp.linalg.norm((y - A(x)).ravel())


@pytest.mark.parametrize("solver", [conjugate_gradient, lsqr])
def test_printed_deblurring(solver):
    x, A, y = deblurring()
    assert psnr(y, x) == pytest.approx(24.8882, abs=1e-4)
    for iterations, decibel, residual in (
        (5, 26.5347, 2.623877),
        (10, 27.2178, 2.371289),
        (20, 25.8124, 2.267530),
        (30, 23.2420, 2.222182),
    ):
        result = solver(A, y, tolerance=0.0, max_iterations=iterations)
        assert psnr(result.x, x) == pytest.approx(decibel, abs=1e-4)
        assert residual_norm(A, result.x, y) == pytest.approx(residual, abs=1e-6)
        assert result.iterations == iterations
        assert not result.converged


def test_printed_landweber():
    x, A, y = deblurring()
    for iterations, decibel, residual in (
        (10, 26.2468, 2.727938),
        (50, 27.2628, 2.373194),
        (100, 27.2262, 2.315712),
        (200, 26.6573, 2.273939),
    ):
        result = landweber(A, y, step_size=1.0, tolerance=0.0, max_iterations=iterations)
        assert psnr(result.x, x) == pytest.approx(decibel, abs=1e-4)
        assert residual_norm(A, result.x, y) == pytest.approx(residual, abs=1e-6)


@pytest.mark.parametrize("regularization", [0.0, 0.5])
@pytest.mark.parametrize("shape", [(12, 8), (8, 12)])
def test_lsqr_against_scipy(shape, regularization):
    M, y, x0 = noise(0, shape), noise(1, shape[0]), noise(2, shape[1])
    for iterations in (2, 5):
        expected = scipy.sparse.linalg.lsqr(
            M, y, damp=regularization**0.5, atol=0, btol=0, conlim=0, iter_lim=iterations, x0=x0
        )
        limits = {"tolerance": 0.0, "max_iterations": iterations}
        result = lsqr(matrix_operator(M), y, regularization, x0, **limits)
        np.testing.assert_allclose(result.x, expected[0], rtol=1e-9)
        r1norm, r2norm, frobenius, arnorm = (expected[i] for i in (3, 4, 5, 7))
        del r1norm
        measure = min(arnorm / (frobenius * r2norm), r2norm / np.linalg.norm(y))
        np.testing.assert_allclose(result.history[-1], measure, rtol=1e-6)


def test_conjugate_gradient_against_scipy():
    M, y = noise(0, (12, 8)), noise(1, 12)
    normal = M.T @ M + 0.3 * np.eye(8)
    for iterations in (2, 5):
        expected, _ = scipy.sparse.linalg.cg(normal, M.T @ y, rtol=0, maxiter=iterations)
        result = conjugate_gradient(
            matrix_operator(M), y, 0.3, tolerance=0.0, max_iterations=iterations
        )
        np.testing.assert_allclose(result.x, expected, rtol=1e-9)
        measure = np.linalg.norm(normal @ expected - M.T @ y) / np.linalg.norm(M.T @ y)
        np.testing.assert_allclose(result.history[-1], measure, rtol=1e-6)


def test_complex_problems_and_real_images_of_complex_data():
    mask = np.random.default_rng(0).random((6, 5, 1))
    y = noise(1, (2, 6, 5, 1)) + 1j * noise(2, (2, 6, 5, 1))
    for dtype in (np.complex128, np.float64):
        A = Fourier(mask, in_shape=(6, 5, 1), in_dtype=dtype)
        image = np.fft.ifft2(mask * y, axes=(1, 2), norm="ortho")
        # Real images: the mask's frequencies f and -f add up.
        mirrored = np.roll(mask[::-1, ::-1], 1, axis=(0, 1))
        square = mask**2 if dtype == np.complex128 else (mask**2 + mirrored**2) / 2
        if dtype == np.float64:
            image = image.real
        spectrum = np.fft.fft2(image, axes=(1, 2)) / (square + 0.1)
        expected = np.fft.ifft2(spectrum, axes=(1, 2))
        for solver in (conjugate_gradient, lsqr):
            result = solver(A, y, 0.1, tolerance=1e-13, max_iterations=60)
            np.testing.assert_allclose(result.x, expected, atol=1e-10)
            assert result.x.dtype == dtype


def test_stack_of_operators():
    M, N, y, z = noise(0, (7, 5)), noise(1, (4, 5)), noise(2, 7), noise(3, 4)
    stack = vstack([matrix_operator(M), matrix_operator(N)])
    expected = np.linalg.lstsq(np.vstack([M, N]), np.concatenate([y, z]), rcond=None)[0]
    for solver in SOLVERS:
        limit = 3000 if solver is landweber else 20
        result = solver(stack, (y, z), tolerance=1e-12, max_iterations=limit)
        np.testing.assert_allclose(result.x, expected, rtol=1e-8)


@pytest.mark.parametrize("solver", SOLVERS)
def test_batch_is_each_by_itself(solver):
    A = matrix_operator(noise(0, (9, 6)))
    y = noise(1, (2, 2, 9)) * np.array([1, 1e-3]).reshape(2, 1, 1)
    # One whose start is the solution.
    x0 = np.zeros((2, 2, 6))
    x0[1, 1] = np.linalg.lstsq(A.matrix, y[1, 1], rcond=None)[0]
    limits = {"tolerance": 1e-6, "max_iterations": 30}
    together = jax.jit(lambda y: solver(A, y, x0=x0, **limits))(y)
    assert together.history.shape == (2, 2, 30)
    for i, j in np.ndindex(2, 2):
        alone = solver(A, y[i, j], x0=x0[i, j], **limits)
        np.testing.assert_allclose(together.x[i, j], alone.x, rtol=1e-9, atol=1e-15)
        assert together.iterations[i, j] == alone.iterations
        assert together.converged[i, j] == alone.converged
    assert together.iterations[1, 1] <= (solver is lsqr)
    assert len(set(np.ravel(together.iterations))) > 1


@pytest.mark.parametrize("solver", SOLVERS)
def test_history_repeats_the_last_value(solver):
    A = matrix_operator(noise(0, (5, 3)) + 2 * np.eye(5, 3))
    result = solver(A, noise(1, 5), tolerance=1e-3, max_iterations=200)
    n = int(result.iterations)
    assert result.converged
    assert 1 < n < 200
    assert result.history[n - 1] <= 1e-3 < result.history[n - 2]
    np.testing.assert_array_equal(result.history[n:], result.history[n - 1])


@pytest.mark.parametrize("solver", SOLVERS)
def test_singular_systems(solver):
    M = noise(0, (6, 2)) @ noise(1, (2, 4))
    y = noise(2, 6)
    result = solver(matrix_operator(M), y, tolerance=1e-10, max_iterations=2000)
    np.testing.assert_allclose(result.x, np.linalg.pinv(M) @ y, atol=1e-8)
    assert result.converged
    zero = solver(matrix_operator(np.zeros((6, 4))), y)
    np.testing.assert_array_equal(zero.x, 0)
    assert zero.converged
    # Far beyond convergence: a step of length 0, not 0/0.
    again = solver(matrix_operator(np.eye(4)), noise(3, 4), tolerance=0.0, max_iterations=20)
    assert np.isfinite(again.x).all()


def test_divergence_is_said():
    A = matrix_operator(noise(0, (6, 4)))
    result = landweber(A, noise(1, 6), step_size=1e3, max_iterations=1000)
    assert not result.converged
    assert result.iterations < 1000
    for solver in SOLVERS:
        assert not solver(A, np.full(6, np.nan), max_iterations=5).converged


def test_float32():
    A = matrix_operator(noise(0, (9, 6)).astype(np.float32))
    result = conjugate_gradient(A, noise(1, 9).astype(np.float32), tolerance=1e-5)
    assert result.x.dtype == result.history.dtype == jnp.float32
    assert result.converged


def dense(A):
    size = np.prod(A.in_shape)
    return np.asarray(jax.vmap(A)(jnp.eye(size).reshape(size, *A.in_shape))).reshape(size, -1).T


@pytest.mark.parametrize("boundary", ["circular", "symmetric"])
@pytest.mark.parametrize("scale", [1, 2])
def test_data_proximal_and_tikhonov_are_those_of_the_matrix(boundary, scale):
    options = {"boundary": boundary, "in_shape": (8, 6, 1), "in_dtype": jnp.float64}
    kernel = gaussian_kernel(5, 1.0)
    A = BlurDownsample(kernel, scale, **options) if scale > 1 else Blur(kernel, **options)
    assert (A.proximal is None) == (boundary == "symmetric")
    M, y, z = dense(A), noise(0, (3, *A.out_shape)), noise(1, (3, 8, 6, 1))
    normal = M.T @ M + 0.1 * np.eye(48)
    solve = np.linalg.solve(normal, M.T @ y.reshape(3, -1).T + 0.1 * z.reshape(3, -1).T)
    limits = {"tolerance": 1e-13, "max_iterations": 200}
    np.testing.assert_allclose(
        data_proximal(A, y, z, 0.1, **limits), solve.T.reshape(z.shape), atol=1e-10
    )
    solve = np.linalg.solve(normal, M.T @ y.reshape(3, -1).T)
    np.testing.assert_allclose(tikhonov(A, y, 0.1, **limits), solve.T.reshape(z.shape), atol=1e-10)


@pytest.mark.parametrize("boundary", ["circular", "symmetric"])
@pytest.mark.parametrize("method", ["conjugate gradient", "tikhonov", "data_proximal"])
def test_gradients(boundary, method):
    limits = {"tolerance": 1e-13, "max_iterations": 300}
    z = noise(1, (2, 6, 5, 1))

    def loss(kernel, y, weight):
        A = Blur(kernel, boundary, in_shape=(6, 5, 1), in_dtype=jnp.float64)
        if method == "conjugate gradient":
            x = conjugate_gradient(A, y, weight, **limits).x
        elif method == "tikhonov":
            x = tikhonov(A, y, weight, **limits)
        else:
            x = data_proximal(A, y, z, weight, **limits)
        return jnp.sum(jnp.sin(x))

    assert_gradients(loss, (gaussian_kernel(3, 1.0), noise(0, (2, 6, 5, 1)), jnp.float64(0.2)))


@pytest.mark.parametrize("solver", SOLVERS)
def test_wrong_input(solver):
    A = matrix_operator(noise(0, (6, 4)))
    y = noise(1, 6)
    with pytest.raises(ValueError, match=r"y: expected shape \(..., \*\(6,\)\), got \(5,\)"):
        solver(A, y[:5])
    with pytest.raises(ValueError, match="y: expected dtype float64, got complex128"):
        solver(A, y + 0j)
    with pytest.raises(ValueError, match="y: expected arrays of shapes"):
        solver(A, (y, y))
    with pytest.raises(ValueError, match=r"x0: expected shape \(..., \*\(4,\)\), got \(3,\)"):
        solver(A, y, x0=np.zeros(3))
    with pytest.raises(ValueError, match=r"x0: expected leading axes \(\) as of y, got \(2,\)"):
        solver(A, y, x0=np.zeros((2, 4)))
    with pytest.raises(ValueError, match="A: expected a LinearOperator, got function"):
        solver(lambda x: x, y)
    with pytest.raises(ValueError, match=r"Square: expected forward\(x\) to be linear"):
        solver(Square(in_shape=(6,), in_dtype=jnp.float64), y)
    with pytest.raises(ValueError, match="A: expected an input of one array"):
        solver(vstack([A, A]).H, y)
    with pytest.raises(ValueError, match=r"tolerance: expected a number >= 0, got -1\.0"):
        solver(A, y, tolerance=-1.0)
    with pytest.raises(ValueError, match="max_iterations: expected a positive integer, got 0"):
        solver(A, y, max_iterations=0)


def test_wrong_weights():
    A, y = matrix_operator(noise(0, (6, 4))), noise(1, 6)
    for solver in (conjugate_gradient, lsqr):
        for weight in (-0.1, np.nan):
            with pytest.raises(ValueError, match="regularization: expected a number >= 0, got"):
                solver(A, y, weight)
    with pytest.raises(ValueError, match="regularization: expected a positive number, got 0"):
        tikhonov(A, y, 0)
    with pytest.raises(ValueError, match=r"rho: expected a positive number, got -1\.0"):
        data_proximal(A, y, np.zeros(4), -1.0)
    with pytest.raises(ValueError, match="step_size: expected a positive number, got 0"):
        landweber(A, y, step_size=0)


def test_gradients_of_singular_systems_are_those_of_the_pseudo_inverse(x64):
    mask = np.ones((6, 5, 1))
    mask[2] = 0
    A = Inpainting(mask, in_shape=(6, 5, 1), in_dtype=np.float64)
    y = A(np.random.default_rng(0).random((6, 5, 1)))
    gradient = jax.grad(lambda y: conjugate_gradient(A, y).x.sum())(y)
    np.testing.assert_allclose(gradient, mask, atol=1e-12)


def test_what_is_no_number_is_no_answer():
    A = Inpainting(np.ones((4, 4, 1), np.float32), in_shape=(4, 4, 1))
    y = jnp.zeros((4, 4, 1), jnp.float32).at[1, 2].set(jnp.nan)
    for solver in (conjugate_gradient, lsqr, landweber):
        result = solver(A, y)
        assert np.isnan(result.x).any()
        assert not result.converged


def test_a_weight_for_every_pixel_is_refused():
    A = Inpainting(np.ones((4, 4, 1), np.float32), in_shape=(4, 4, 1))
    with pytest.raises(ValueError, match=r"regularization: .* an array of shape \(4, 4, 1\)"):
        conjugate_gradient(A, np.zeros((4, 4, 1), np.float32), np.ones((4, 4, 1)))
