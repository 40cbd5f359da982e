"""Speckle removed by the total variation of the logarithm."""

import jax
import numpy as np
import pytest

from imaging_jax.operators import speckle_noise
from train.systems.catalogue import system

SQUARE = np.full((1, 64, 64, 1), 0.2, np.float32)
SQUARE[:, 16:48, 16:48] = 0.5


def despeckled(name, x):
    return np.asarray(system(name).apply({"image": x}, scale=1)["image"])


@pytest.mark.parametrize("looks", [1, 4])
def test_levels_stay_and_speckle_goes(looks):
    """Also of one look, whose logarithm is 0.29 darker in the mean than the image's."""
    noisy = np.asarray(speckle_noise(jax.random.key(0), SQUARE, looks, amplitude=True))
    found = despeckled(f"despeckle_tv:{looks}:{0.6 / looks**0.5}", noisy)
    assert found.shape == SQUARE.shape
    assert np.mean((found - SQUARE) ** 2) < np.mean((noisy - SQUARE) ** 2) / 10
    inside = np.s_[:, 20:44, 20:44]
    assert np.log(found[inside]).mean() == pytest.approx(np.log(0.5), abs=0.06)


def test_a_constant_is_brightened_by_what_the_logarithm_takes():
    """For one look by exp of half Euler's constant; black stays near black, white is cut."""
    x = np.full((2, 8, 9, 3), 0.25, np.float32)
    x[1] = 0
    found = despeckled("despeckle_tv:1:0.3", x)
    np.testing.assert_allclose(found[0], 0.25 * np.exp(np.euler_gamma / 2), rtol=1e-4)
    np.testing.assert_allclose(found[1], np.exp(np.euler_gamma / 2) / 255, rtol=1e-4)
    assert despeckled("despeckle_tv:1:0.3", np.ones_like(x)).max() == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("despeckle_tv:4", "despeckle_tv:4:: wanted a positive weight"),
        ("despeckle_tv:four:1", "despeckle_tv:four:1: wanted a positive number of looks"),
        ("despeckle_tv:0:1", "wanted a positive number of looks"),
        ("despeckle_tv:4:-1", "wanted a positive weight"),
    ],
)
def test_what_is_no_positive_number_is_named(name, message):
    with pytest.raises(ValueError, match=message):
        system(name)
