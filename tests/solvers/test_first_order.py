import jax
import jax.numpy as jnp
import numpy as np
import pytest
import pywt
import scipy.fft
import scipy.optimize
from jax.tree_util import Partial

from imaging_jax.operators import Blur, gaussian_kernel
from imaging_jax.solvers import (
    FiniteDifferences,
    admm,
    dct_proximal,
    fista,
    forward_backward,
    half_quadratic_splitting,
    ista,
    primal_dual,
    project_box,
    project_nonnegative,
    total_variation,
    tv_denoise,
    wavelet_proximal,
)
from imaging_jax.transforms import soft_threshold
from tests.solvers.helpers import assert_gradients, matrix_operator, noise, small_camera


@pytest.fixture(autouse=True)
def _float64(x64):
    pass


WEIGHT = 0.02
OPTIMUM = 0.15409749


def lasso():
    r = np.random.RandomState(0)
    M = r.standard_normal((100, 300)) / 10
    x = np.zeros(300)
    support = r.permutation(300)[:15]
    x[support] = r.standard_normal(15)
    return M, M @ x + 0.01 * r.standard_normal(100), x


def lasso_objective(x):
    M, b, _ = lasso()
    return np.sum((M @ np.asarray(x) - b) ** 2) / 2 + WEIGHT * np.sum(abs(np.asarray(x)))


def test_printed_lasso():
    M, b, x = lasso()
    A = matrix_operator(M)
    options = {"step_size": 1 / 7.25725372, "tolerance": 0.0}
    for solver, printed in (
        (ista, {10: 0.32207073, 100: 0.19482396, 500: 0.15409751}),
        (fista, {10: 0.28243077, 500: OPTIMUM}),
    ):
        for iterations, objective in printed.items():
            result = solver(A, b, soft_threshold, WEIGHT, max_iterations=iterations, **options)
            assert lasso_objective(result.x) == pytest.approx(objective, abs=1e-8)
    assert np.sum(result.x != 0) == 36
    assert np.linalg.norm(result.x - x) == pytest.approx(0.136664, abs=1e-6)
    # Without restart the hundredth iterate has 0.15410591.
    restarted = fista(A, b, soft_threshold, WEIGHT, max_iterations=100, **options)
    assert OPTIMUM <= lasso_objective(restarted.x) < 0.15410591


def test_lasso_by_every_solver():
    M, b, _ = lasso()
    A = matrix_operator(M)
    solutions = {
        "power method": fista(A, b, soft_threshold, WEIGHT, tolerance=1e-10, max_iterations=2000),
        "forward-backward": forward_backward(
            lambda x: M.T @ (M @ x - b),
            lambda x, t: soft_threshold(x, WEIGHT * t),
            np.zeros(300),
            1 / 7.26,
            tolerance=1e-10,
            max_iterations=2000,
        ),
        "primal-dual": primal_dual(
            A,
            lambda x, t: soft_threshold(x, WEIGHT * t),
            lambda p, s: (p - s * b) / (1 + s),
            np.zeros(300),
            tolerance=1e-8,
            max_iterations=2000,
        ),
        "ADMM": admm(
            A,
            b,
            soft_threshold,
            WEIGHT,
            tolerance=1e-8,
            inner_tolerance=1e-10,
            max_iterations=500,
        ),
    }
    for name, result in solutions.items():
        assert result.converged, name
        assert lasso_objective(result.x) == pytest.approx(OPTIMUM, abs=1.1e-8), name
    rhos = np.geomspace(0.1, 1e4, 300)
    split = half_quadratic_splitting(A, b, soft_threshold, WEIGHT, rhos, inner_tolerance=1e-10)
    assert lasso_objective(split.x) == pytest.approx(OPTIMUM, rel=0.02)


def test_nonnegative_least_squares_against_scipy():
    M, b = noise(0, (12, 6)), noise(1, (3, 12))
    A = matrix_operator(M)
    for solver in (ista, fista):
        result = solver(A, b, project_nonnegative, tolerance=1e-10, max_iterations=5000)
        assert result.converged.all()
        for i in range(3):
            np.testing.assert_allclose(result.x[i], scipy.optimize.nnls(M, b[i])[0], atol=1e-7)
    result = fista(A, b[0], Partial(project_box, lower=-0.1, upper=0.2), tolerance=1e-10)
    expected = scipy.optimize.lsq_linear(M, b[0], (-0.1, 0.2), tol=1e-12)
    np.testing.assert_allclose(result.x, expected.x, atol=1e-6)


def test_batch_is_each_by_itself():
    A = matrix_operator(noise(0, (8, 12)))
    y = noise(1, (3, 8)) * np.array([[1], [1e-3], [10]])
    for solver in (fista, admm):
        options = {"tolerance": 1e-4, "max_iterations": 300}
        together = jax.jit(lambda y, s=solver, o=options: s(A, y, soft_threshold, 0.1, **o))(y)
        for i in range(3):
            alone = solver(A, y[i], soft_threshold, 0.1, **options)
            np.testing.assert_allclose(together.x[i], alone.x, atol=1e-9)
            assert together.iterations[i] == alone.iterations
        assert together.history.shape == (3, 300)


@pytest.mark.slow
def test_total_variation_denoising_by_primal_dual_and_admm():
    y = small_camera()[:24, :30] + 0.1 * noise(0, (24, 30, 1))
    weight = 0.1
    exact = tv_denoise(y, weight, tolerance=1e-7, max_iterations=20000).x

    def objective(x):
        return np.sum((np.asarray(x) - y) ** 2) / 2 + weight * float(total_variation(x))

    def shrink(z, step):
        length = jnp.sqrt(z[0] ** 2 + z[1] ** 2)
        factor = jnp.maximum(1 - step / jnp.maximum(length, 1e-30), 0)
        return factor * z[0], factor * z[1]

    def project(p, _):
        scale = jnp.maximum(1, jnp.sqrt(p[0] ** 2 + p[1] ** 2) / weight)
        return p[0] / scale, p[1] / scale

    K = FiniteDifferences(in_shape=y.shape, in_dtype=jnp.float64)
    identity = Blur(jnp.ones((1, 1)), in_shape=y.shape, in_dtype=jnp.float64)
    results = [
        primal_dual(
            K,
            lambda x, t: (x + t * y) / (1 + t),
            project,
            y,
            step_size=0.05,
            tolerance=2e-5,
            max_iterations=5000,
        ),
        admm(identity, y, shrink, weight, K, rho=3.0, tolerance=5e-4, max_iterations=1000),
    ]
    for result in results:
        assert result.converged
        assert objective(result.x) == pytest.approx(objective(exact), rel=5e-5)
        np.testing.assert_allclose(result.x, exact, atol=1e-3)


def test_gradients():
    def loss(kernel, y, weight, scale):
        A = Blur(kernel, "zero", in_shape=(5, 6, 1), in_dtype=jnp.float64)
        proximal = Partial(lambda scale, x, step: soft_threshold(x, scale * step), scale)
        x = fista(A, y, proximal, weight, tolerance=1e-14, max_iterations=5000).x
        return jnp.sum(jnp.sin(x))

    kernel = gaussian_kernel(3, jnp.float64(0.5))
    y = noise(0, (2, 5, 6, 1))
    assert_gradients(loss, (kernel, y, jnp.float64(0.3), jnp.float64(1.2)))


def test_gradient_passes_to_what_the_proximal_map_closes_over():
    A = matrix_operator(noise(0, (8, 5)))

    def loss(weight):
        def proximal(x, step):
            return soft_threshold(x, weight * step)

        return jnp.sum(ista(A, noise(1, 8), proximal, tolerance=1e-14, max_iterations=5000).x ** 2)

    assert_gradients(loss, (jnp.float64(0.3),))


def test_sparsity_in_transforms():
    x = small_camera()[:16, :16]

    def shrink(c):
        return np.sign(c) * np.maximum(abs(c) - 0.1, 0)

    coefficients = scipy.fft.dctn(x, axes=(0, 1), norm="ortho")
    shrunk = shrink(coefficients)
    shrunk[0, 0] = coefficients[0, 0]
    expected = scipy.fft.idctn(shrunk, axes=(0, 1), norm="ortho")
    np.testing.assert_allclose(dct_proximal(x, 0.1), expected, atol=1e-12)
    low, *details = pywt.wavedec2(x[..., 0], "db2", mode="periodization", level=2)
    details = [tuple(map(shrink, level)) for level in details]
    expected = pywt.waverec2([low, *details], "db2", mode="periodization")
    np.testing.assert_allclose(wavelet_proximal(x, 0.1, "db2", 2)[..., 0], expected, atol=1e-12)


def test_no_convergence_is_said():
    A = matrix_operator(noise(0, (8, 5)))
    diverged = ista(A, noise(1, 8), soft_threshold, 0.1, step_size=1e3, max_iterations=2000)
    assert not diverged.converged
    assert not fista(A, np.full(8, np.nan), soft_threshold).converged
    for solver in (fista, admm):
        zero = solver(matrix_operator(np.zeros((4, 3))), np.ones(4), soft_threshold, 0.1)
        np.testing.assert_array_equal(zero.x, 0)
        assert zero.converged


def test_wrong_input():
    A, y = matrix_operator(noise(0, (6, 4))), noise(1, 6)
    for solver in (ista, fista, admm):
        with pytest.raises(ValueError, match="A: expected a LinearOperator, got"):
            solver(np.eye(6), y, soft_threshold)
        with pytest.raises(ValueError, match="proximal: expected a function, got float"):
            solver(A, y, 0.1)
        with pytest.raises(ValueError, match=r"weight: expected a number >= 0, got -0\.1"):
            solver(A, y, soft_threshold, -0.1)
        with pytest.raises(ValueError, match="y: expected dtype float64, got complex128"):
            solver(A, y + 0j, soft_threshold)
    with pytest.raises(ValueError, match="step_size: expected a positive number"):
        fista(A, y, soft_threshold, step_size=0)
    with pytest.raises(ValueError, match="rho: expected a positive number"):
        admm(A, y, soft_threshold, rho=-1)
    with pytest.raises(ValueError, match="K: expected the input of A"):
        admm(A, y, soft_threshold, K=matrix_operator(np.eye(3)))
    with pytest.raises(ValueError, match="rhos: expected a vector, got shape"):
        half_quadratic_splitting(A, y, soft_threshold, 0.1, 1.0)
    with pytest.raises(ValueError, match="rhos: expected positive values"):
        half_quadratic_splitting(A, y, soft_threshold, 0.1, np.array([1.0, -1]))
    with pytest.raises(ValueError, match="gradient: expected a function"):
        forward_backward(None, soft_threshold, y, 0.1)
    with pytest.raises(ValueError, match="K: expected a LinearOperator"):
        primal_dual(None, soft_threshold, soft_threshold, y)
    with pytest.raises(ValueError, match="x0: expected shape"):
        primal_dual(A, soft_threshold, soft_threshold, y)
    with pytest.raises(ValueError, match="dual_step_size: expected a positive number"):
        primal_dual(A, soft_threshold, soft_threshold, np.zeros(4), dual_step_size=0)
