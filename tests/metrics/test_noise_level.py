import jax.numpy as jnp
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image
from scipy.stats import gamma

from imaging_jax.metrics import noise_level


def by_lists_of_patches(x):
    """The same algorithm with every patch and every difference written out."""
    patches = sliding_window_view(x, (5, 5)).reshape(-1, 25)
    taps = []
    for row, column in np.ndindex(5, 5):
        for down, right in ((1, 0), (0, 1)):
            if max(row + 2 * down, column + 2 * right) < 5:
                tap = np.zeros((5, 5))
                tap[row, column], tap[row + 2 * down, column + 2 * right] = -0.5, 0.5
                taps.append(tap.ravel())
    operator = np.array(taps)
    energies = np.sum((patches @ operator.T) ** 2, axis=1)
    scale = 2 / 25 * np.trace(operator.T @ operator)
    largest = gamma.ppf(1 - 1e-6, 25 / 2, scale=scale)
    variance = np.linalg.eigvalsh(np.cov(patches.T, bias=True))[0]
    for _ in range(5):
        chosen = patches[energies < largest * variance]
        assert 25 < len(chosen) < len(patches)
        variance = np.linalg.eigvalsh(np.cov(chosen.T, bias=True))[0]
    return np.sqrt(variance)


def test_against_lists_of_patches():
    r = np.random.default_rng(0)
    rows, columns = np.mgrid[:40, :56]
    texture = np.where(columns < 20, np.sin(rows * columns / 9), rows / 200)
    x = texture[..., None] + r.standard_normal((2, 40, 56, 3)) * [0.02, 0.05, 0.1]
    wanted = [[by_lists_of_patches(image[..., band]) for band in range(3)] for image in x]
    found = noise_level(x)
    assert found.dtype == jnp.float64
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_levels_of_photographs_are_within_ten_per_cent(imaging_data):
    files = sorted((imaging_data / "denoise/Set12").glob("*.png"))
    images = [np.asarray(Image.open(file), np.float64)[..., None] for file in files]
    assert len(images) == 12
    for level, wanted in ((5, 1.052), (10, 1.016), (15, 1.007), (25, 0.998), (50, 0.993)):
        ratios = [
            np.asarray(noise_level(image + level * np.random.RandomState(i).randn(*image.shape)))[0]
            / level
            for i, image in enumerate(images)
        ]
        assert np.mean(ratios) == pytest.approx(wanted, abs=6e-4)


def test_a_flat_image_has_no_noise():
    np.testing.assert_allclose(noise_level(jnp.full((32, 20, 2), 0.3)), 0, atol=1e-8)


def test_wrong_input():
    with pytest.raises(ValueError, match="x: expected at least 16 pixels a side, got"):
        noise_level(jnp.ones((15, 20, 1)))
    with pytest.raises(ValueError, match="x: expected a real floating-point image"):
        noise_level(jnp.ones((32, 32, 1), int))
