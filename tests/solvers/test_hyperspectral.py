"""Cubes of many bands: denoised, and reconstructed from coded snapshots."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.io

from imaging_jax.metrics import spectral_angle
from imaging_jax.operators import Cassi, Inpainting
from imaging_jax.solvers import gap_tv, nmog, tdl, truncated_svd
from tests.solvers.helpers import noise, psnr
from tests.solvers.test_low_rank import hyperspectral_image, mpsnr


@pytest.fixture
def samson(imaging_data):
    """The cube ``(95, 95, 156)``, and with Gaussian noise of level 50."""
    bands = scipy.io.loadmat(imaging_data / "hyperspectral/Samson.mat")["Y"].reshape(156, 95, 95)
    noisy = bands + np.random.RandomState(0).randn(156, 95, 95) * 50 / 255
    return np.moveaxis(bands, 0, -1), np.moveaxis(noisy, 0, -1)


def test_printed_truncated_svd(samson, x64):
    x, y = samson
    printed = {2: (32.946, 10.99), 3: (31.539, 12.57), 4: (29.987, 15.23), 6: (28.035, 18.92)}
    assert mpsnr(y, x) == pytest.approx(14.156, abs=6e-4)
    assert spectral_angle(x, y) == pytest.approx(48.90, abs=6e-3)
    for rank, (decibels, degrees) in printed.items():
        found = truncated_svd(y, rank)
        assert mpsnr(found, x) == pytest.approx(decibels, abs=6e-4)
        assert spectral_angle(x, found) == pytest.approx(degrees, abs=6e-3)


def test_truncated_svd_against_numpy(x64):
    y = noise(0, (2, 5, 4, 6))
    u, s, vh = np.linalg.svd(y.reshape(2, 20, 6), full_matrices=False)
    expected = (u[..., :3] * s[:, None, :3]) @ vh[:, :3]
    np.testing.assert_allclose(truncated_svd(y, 3), expected.reshape(y.shape), atol=1e-12)


@pytest.mark.slow
def test_mixtures_of_noise_are_told_from_a_low_rank(x64):
    x, y = hyperspectral_image()
    # Of the Gaussian and of the mixed case, by the true rank.
    assert mpsnr(truncated_svd(y[0], 4), x) == pytest.approx(28.767, abs=6e-4)
    result = nmog(y, 4)
    gaussian, mixed = mpsnr(result.x, x)
    assert gaussian > 31
    assert mixed > 30
    assert mixed > mpsnr(truncated_svd(y[1], 4), x) + 8
    assert (result.history[:, -1] < 1e-3).all()
    # Neither the order of pixels nor that of bands matters.
    order = np.random.RandomState(1).permutation(30)
    turned = nmog(np.swapaxes(y, 1, 2)[..., order], 4)
    np.testing.assert_allclose(np.swapaxes(turned.x, 1, 2), result.x[..., order], atol=1e-8, rtol=0)


def test_bands_of_little_noise_are_trusted(x64):
    r = np.random.RandomState(0)
    x = (r.rand(20, 20, 2) @ r.rand(2, 12)) / 2
    levels = np.where(np.arange(12) < 4, 0.01, 0.3)
    y = x + levels * r.standard_normal(x.shape)
    errors = [
        np.mean((np.asarray(found) - x) ** 2) for found in (nmog(y, 2).x, truncated_svd(y, 2))
    ]
    assert errors[0] < errors[1] / 20
    # A weighted least squares by the true levels and the true spectra: no estimate is better.
    spectra = np.linalg.svd(x.reshape(400, 12), full_matrices=False)[2][:2]
    weighted = spectra / levels
    found = np.linalg.solve(weighted @ weighted.T, weighted @ (y / levels).reshape(400, 12).T)
    best = np.mean((found.T @ spectra - x.reshape(400, 12)) ** 2)
    assert best < errors[0] < 4 * best


def test_similar_patches_share_a_dictionary(x64):
    x, y = hyperspectral_image()
    # The best matrix of the true rank reaches 28.77.
    assert mpsnr(tdl(y[0], 0.1), x) > 37
    assert mpsnr(tdl(y[0], 0.1, patches_per_cluster=81), x) > 34
    # Without noise to speak of, every mode keeps every vector.
    np.testing.assert_allclose(tdl(y, 1e-9), y, atol=1e-12)


def test_the_dictionaries_of_one_patch_against_numpy(x64):
    y = np.einsum("ha,wb,ck,abk->hwc", *(noise(k, (n, 2)) for k, n in enumerate((8, 8, 20))),
                  noise(3, (2, 2, 2))) + 0.05 * noise(4, (8, 8, 20))  # fmt: skip
    expected, kept = y, [8, 8, 20]
    for mode in (2, 0, 1):
        unfolded = np.moveaxis(expected, mode, 0)
        u, s, _ = np.linalg.svd(unfolded.reshape(len(unfolded), -1), full_matrices=False)
        others = np.prod([n for i, n in enumerate(kept) if i != mode])
        small, large = sorted((y.shape[mode], others))
        ratio = small / large
        root = np.sqrt(ratio**2 + 14 * ratio + 1)
        factor = np.sqrt(2 * (ratio + 1) + 8 * ratio / (ratio + 1 + root))
        u = u[:, s > factor * np.sqrt(large) * 0.05]
        assert u.shape[1] == 2
        kept[mode] = 2
        expected = np.moveaxis(np.tensordot(u @ u.T, unfolded, 1), 0, mode)
    np.testing.assert_allclose(tdl(y, 0.05), expected, atol=1e-12)


def snapshot():
    """Eight bands of smooth materials, the operator of a random mask, and what it measures."""
    r = np.random.RandomState(0)
    rows, columns = np.mgrid[:32, :32]
    wavelengths = np.linspace(0, 1, 8)
    x = 0
    for k in range(3):
        row, column, width, phase = 32 * r.rand(), 32 * r.rand(), 5 + 5 * r.rand(), r.rand()
        abundance = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * width**2))
        x = x + abundance[..., None] * (1 + np.sin(2 * np.pi * (wavelengths * (1 + k) / 3 + phase)))
    x /= x.max()
    mask = (r.rand(32, 32) < 0.5).astype(float)
    A = Cassi(mask, 2, in_shape=x.shape, in_dtype=jnp.float64)
    return x, A, A(x)


def test_coded_snapshots_are_reconstructed(x64):
    x, A, y = snapshot()
    start = A.H(y / np.where(A.gram > 0, A.gram, 1))
    result = gap_tv(A, np.stack([y, y + 0.02 * noise(0, y.shape)]), max_iterations=100)
    clean, noisy = (psnr(found, x) for found in result.x)
    assert psnr(start, x) < 12
    assert clean > 40
    assert noisy > 30
    assert result.converged[0]
    residual = np.linalg.norm(A(result.x[0]) - y) / np.linalg.norm(y)
    assert result.history[0, -1] == pytest.approx(residual, rel=1e-6)
    assert residual < 1e-3


def test_projections_measure_what_was_measured(x64):
    x, A, y = snapshot()
    # Without a weight nothing is smoothed: one step is the projection of the start.
    z = noise(1, x.shape)
    projected = gap_tv(A, y, 0.0, z, max_iterations=1).x
    np.testing.assert_allclose(A(projected), y, atol=1e-12)
    moved = np.asarray(projected - z)
    normal = A.H(A(moved) / np.where(A.gram > 0, A.gram, 1))
    np.testing.assert_allclose(normal, moved, atol=1e-12)
    # What measures as wanted already stays.
    np.testing.assert_allclose(gap_tv(A, y, 0.0, x, max_iterations=3).x, x, atol=1e-12)


def test_wrong_input():
    cube = jnp.ones((5, 4, 8))
    with pytest.raises(ValueError, match=r"rank: expected at most min\(H W, B\) = 8, got 9"):
        truncated_svd(cube, 9)
    with pytest.raises(ValueError, match="rank: expected a positive integer, got 0"):
        truncated_svd(cube, 0)
    with pytest.raises(ValueError, match="y: expected a real floating-point image"):
        truncated_svd(cube + 0j, 2)
    A = Cassi(jnp.ones((5, 4)), 2, in_shape=(5, 4, 8))
    with pytest.raises(ValueError, match=r"A: expected an operator .*, got Inpainting"):
        gap_tv(Inpainting(jnp.ones((5, 4)), in_shape=(5, 4, 8)), cube)
    with pytest.raises(ValueError, match="y: expected shape"):
        gap_tv(A, cube)
    with pytest.raises(ValueError, match="weight: expected a number >= 0, got -1"):
        gap_tv(A, A(cube), -1)
    with pytest.raises(ValueError, match="y: expected a real floating-point image"):
        nmog(cube + 0j, 2)
    with pytest.raises(ValueError, match="components: expected a positive integer, got 0"):
        nmog(cube, 2, components=0)
    with pytest.raises(ValueError, match="max_iterations: expected at least 2, after which 2"):
        nmog(jnp.ones((5, 4, 12)), 2, max_iterations=1)
    with pytest.raises(ValueError, match="y: expected at least 8 pixels a side, got"):
        tdl(cube, 0.1)
    with pytest.raises(ValueError, match="sigma: expected a positive number, got 0"):
        tdl(cube, 0, patch_size=4)
    with pytest.raises(ValueError, match="patches_per_cluster: expected a positive integer"):
        tdl(cube, 0.1, patches_per_cluster=0)
