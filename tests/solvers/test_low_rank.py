import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.solvers import godec, lrmr, lrtv, robust_pca, singular_value_threshold
from tests.solvers.helpers import noise

# Minutes together, most of them compiling.
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _float64(x64):
    pass


def corrupted_matrix():
    """A matrix of rank 5, and one in ten entries changed."""
    r = np.random.RandomState(0)
    low_rank = r.standard_normal((100, 5)) @ r.standard_normal((5, 60))
    mask = r.rand(100, 60) < 0.1
    sparse = np.zeros((100, 60))
    sparse[mask] = 10 * (r.rand(mask.sum()) - 0.5)
    return low_rank, sparse


def hyperspectral_image():
    """Four blobs with a spectrum each, then with Gaussian noise and with impulses too."""
    r = np.random.RandomState(0)
    rows, columns = np.mgrid[:40, :40]
    maps = []
    for _ in range(4):
        row, column, width = 40 * r.rand(), 40 * r.rand(), 6 + 6 * r.rand()
        distance = (rows - row) ** 2 + (columns - column) ** 2
        maps.append(np.exp(-distance / (2 * width**2)))
    wavelengths = np.linspace(0, 1, 30)
    spectra = [0.5 + 0.5 * np.sin(2 * np.pi * (wavelengths * (1 + k) + r.rand())) for k in range(4)]
    x = np.einsum("khw,kb->hwb", maps, spectra)
    x /= x.max()
    gaussian = x + 0.1 * r.standard_normal(x.shape)
    u = r.rand(*x.shape)
    mixed = np.where(u < 0.05, 0, np.where(u > 0.95, 1, gaussian))
    return x, np.stack([gaussian, mixed])


def mpsnr(y, x):
    """Of each image, the mean over bands."""
    return np.mean(-10 * np.log10(np.mean((np.asarray(y) - x) ** 2, axis=(-3, -2))), axis=-1)


def test_singular_value_threshold():
    x = noise(0, (2, 5, 7)) + 1j * noise(1, (2, 5, 7))
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    expected = (u * np.maximum(s - 2, 0)[:, None]) @ vh
    np.testing.assert_allclose(singular_value_threshold(x, 2.0), expected, atol=1e-12)


def test_printed_robust_pca():
    low_rank, sparse = corrupted_matrix()
    result = robust_pca(np.stack([low_rank + sparse, np.zeros((100, 60))]))
    found, found_sparse = (part[0] for part in result.x)
    assert result.iterations[0] == 27
    assert result.converged.all()
    assert np.linalg.matrix_rank(found, tol=1e-6) == 5
    error = np.linalg.norm(found - low_rank) / np.linalg.norm(low_rank)
    assert error == pytest.approx(6.4e-8, rel=0.02)
    np.testing.assert_allclose(found_sparse, sparse, atol=1e-5)
    np.testing.assert_array_equal(result.x[0][1], 0)


def test_godec_with_the_true_rank_and_cardinality():
    low_rank, sparse = corrupted_matrix()
    d = np.stack([low_rank + sparse, low_rank])
    cardinality = int((sparse != 0).sum())
    result = godec(d, 5, cardinality=cardinality, tolerance=1e-15, max_iterations=150)
    for found in result.x[0]:
        assert np.linalg.norm(found - low_rank) / np.linalg.norm(low_rank) < 3e-15
    transposed = godec(d[0].T, 5, cardinality=cardinality, tolerance=1e-15, max_iterations=150)
    np.testing.assert_allclose(transposed.x[0].T, low_rank, atol=1e-12)


def test_semi_soft_godec_against_numpy():
    d = sum(corrupted_matrix())[:30, :20] + 0.1 * noise(1, (30, 20))
    low_rank, sparse = d, np.zeros_like(d)
    for _ in range(4):
        u, s, vh = np.linalg.svd(d - sparse, full_matrices=False)
        low_rank = (u[:, :3] * s[:3]) @ vh[:3]
        rest = d - low_rank
        sparse = np.sign(rest) * np.maximum(abs(rest) - 0.5, 0)
    result = godec(d, 3, threshold=0.5, tolerance=0.0, max_iterations=4)
    np.testing.assert_allclose(result.x[0], low_rank, atol=1e-10)
    np.testing.assert_allclose(result.x[1], sparse, atol=1e-10)


def test_printed_lrmr():
    x, y = hyperspectral_image()
    assert x.mean() == pytest.approx(0.221396, abs=1e-6)
    np.testing.assert_allclose(mpsnr(y, x), [20.029, 13.374], atol=6e-4)
    for threshold, expected in (
        (0.15, [28.969, 26.391]),
        (0.2, [29.006, 26.022]),
        (0.3, [29.001, 25.066]),
    ):
        denoised = lrmr(y, 4, threshold=threshold, tolerance=0.0)
        np.testing.assert_allclose(mpsnr(denoised, x), expected, atol=6e-4)


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        pytest.param(0.005, [28.629, 28.255], marks=pytest.mark.slow),
        (0.01, [29.540, 29.029]),
        pytest.param(0.02, [31.067, 30.365], marks=pytest.mark.slow),
        pytest.param(0.04, [33.211, 33.000], marks=pytest.mark.slow),
    ],
)
def test_printed_lrtv(weight, expected):
    x, y = hyperspectral_image()
    result = lrtv(y, 4, weight, 0.25)
    np.testing.assert_allclose(mpsnr(result.x, x), expected, atol=0.005)
    assert result.converged.all()
    assert (result.iterations < 40).all()


def test_wrong_input():
    d = jnp.ones((5, 4))
    with pytest.raises(ValueError, match="d: expected real values, got dtype complex128"):
        robust_pca(d + 0j)
    with pytest.raises(ValueError, match="d: expected a floating-point matrix"):
        robust_pca(jnp.ones(5))
    with pytest.raises(ValueError, match=r"weight: expected a positive number, got -1"):
        robust_pca(d, -1)
    with pytest.raises(ValueError, match="rank: expected at most"):
        godec(d, 5, threshold=0.1)
    for both in ({}, {"cardinality": 3, "threshold": 0.1}):
        with pytest.raises(ValueError, match="cardinality, threshold: expected one of them"):
            godec(d, 2, **both)
    with pytest.raises(ValueError, match="cardinality: expected 1 to M N entries"):
        godec(d, 2, cardinality=21)
    with pytest.raises(ValueError, match="threshold: expected a number >= 0"):
        godec(d, 2, threshold=-0.1)
    with pytest.raises(ValueError, match="y: expected at least 20 pixels a side"):
        lrmr(jnp.ones((20, 19, 8)), threshold=0.1)
    with pytest.raises(ValueError, match="stride: expected a positive integer"):
        lrmr(jnp.ones((20, 20, 8)), threshold=0.1, stride=0)
    with pytest.raises(ValueError, match="rank: expected at most"):
        lrtv(jnp.ones((20, 20, 8)), 9)
    with pytest.raises(ValueError, match="tv_weight: expected a number >= 0"):
        lrtv(jnp.ones((20, 20, 8)), 2, -0.1)
    with pytest.raises(ValueError, match="sparse_weight: expected a positive number"):
        lrtv(jnp.ones((20, 20, 8)), 2, 0.1, 0.0)
