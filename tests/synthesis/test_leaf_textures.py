from functools import partial

import jax
import numpy as np
import pytest
from scipy import stats

from imaging_jax.synthesis import dead_leaves
from imaging_jax.synthesis._leaf_textures import leaf_textures, sample_contrasts

SHAPE = (60, 64)


@pytest.fixture(scope="module")
def textures():
    keys = jax.random.split(jax.random.key(0), 300)
    return np.asarray(jax.jit(jax.vmap(lambda key: leaf_textures(key, SHAPE)))(keys), np.float64)


def test_the_rough_one_has_a_uniform_exponent(textures):
    rough = textures[..., 0]
    np.testing.assert_allclose(rough.mean(axis=(1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(rough.std(axis=(1, 2)), 1, atol=1e-4)
    frequency = np.hypot(np.fft.fftfreq(SHAPE[0])[:, None], np.fft.fftfreq(SHAPE[1])).ravel()[1:]
    power = np.abs(np.fft.fft2(rough)).reshape(300, -1)[:, 1:] ** 2
    slopes = np.polyfit(np.log(frequency), np.log(power).T, 1)[0]
    # An amplitude of f^-exponent has twice that as the slope of its power.
    assert stats.kstest(slopes / -2, "uniform", args=(0, 2)).pvalue > 1e-3


def test_stripes_have_wavelengths_from_two_and_a_half_to_twenty_pixels(textures):
    stripes = textures[..., 1]
    assert np.abs(stripes).max() <= 1
    power = np.abs(np.fft.fft2(stripes - stripes.mean(axis=(1, 2), keepdims=True))) ** 2
    frequency = np.hypot(np.fft.fftfreq(SHAPE[0])[:, None], np.fft.fftfreq(SHAPE[1])).ravel()
    strongest = frequency[power.reshape(300, -1).argmax(axis=1)]
    expected = stats.loguniform(1 / 20, 1 / 2.5)
    # The grid of frequencies is coarse below, and bending drowns the shortest waves.
    assert np.median(strongest) == pytest.approx(expected.median(), rel=0.15)
    assert np.mean((strongest > 0.9 / 20) & (strongest < 1.1 / 2.5)) > 0.9


def test_half_of_the_stripes_are_square(textures):
    # A sine spends 0.29 of its time within 0.44 of 0, tanh of three times the sine 0.10.
    small = (np.abs(textures[..., 1]) < 0.44).mean(axis=(1, 2))
    assert np.mean(small < 0.2) == pytest.approx(0.5, abs=0.1)


def test_seven_of_ten_leaves_have_one_texture():
    contrasts = np.asarray(sample_contrasts(jax.random.key(1), 5000, 0.1), np.float64)
    assert (np.count_nonzero(contrasts, axis=1) <= 1).all()
    rough, stripes = contrasts[contrasts[:, 0] > 0, 0], contrasts[contrasts[:, 1] > 0, 1]
    assert len(rough) / 5000 == pytest.approx(0.35, abs=0.03)
    assert len(stripes) / 5000 == pytest.approx(0.35, abs=0.03)
    assert stats.kstest(np.r_[rough, stripes], "expon", args=(0, 0.1)).pvalue > 1e-3


def test_leaves_bear_them_in_all_channels():
    keys = jax.random.split(jax.random.key(2), 400)

    def draw(texture):
        make = partial(dead_leaves, shape=(40, 36), leaves=60, texture=texture)
        return np.asarray(jax.jit(jax.vmap(make))(keys), np.float64)

    plain, textured = draw(0.0), draw(0.01)
    assert textured.min() >= 0
    assert textured.max() <= 1
    added = textured - plain
    free = (np.abs(plain - 0.5) < 0.25).all(axis=-1)  # what clipping can't reach
    assert np.ptp(added[free], axis=-1).max() < 1e-6
    # E[contrast²] = 2 mean²; a sine has the mean square 1/2, tanh(3 sin) 0.779.
    angle = np.linspace(0, 2 * np.pi, 10_000, endpoint=False)
    stripes = (np.mean(np.sin(angle) ** 2) + np.mean(np.tanh(3 * np.sin(angle)) ** 2)) / 2
    expected = 0.7 * 2 * 0.01**2 * (1 + stripes) / 2
    assert np.mean(added[free] ** 2) == pytest.approx(expected, rel=0.2)
