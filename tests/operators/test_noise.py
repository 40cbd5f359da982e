"""Noise against the moments of its distribution, within four standard errors at a fixed key."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats

from imaging_jax.operators import (
    dead_line_noise,
    gaussian_noise,
    nmog_noise,
    poisson_gaussian_noise,
    poisson_noise,
    qrnn3d_noise,
    quantize,
    random_valued_impulse_noise,
    rician_noise,
    salt_and_pepper_noise,
    speckle_noise,
    stripe_noise,
    uniform_noise,
)

KEY = jax.random.key(0)
SHAPE = (2, 100, 100, 3)


def flat(value):
    return jnp.full(SHAPE, value, jnp.float32)


def assert_moments(samples, mean, variance):
    samples = np.asarray(samples, float).ravel()
    n, found = samples.size, samples.var()
    fourth = np.mean((samples - samples.mean()) ** 4)
    assert samples.mean() == pytest.approx(mean, abs=4 * np.sqrt(variance / n) + 1e-6)
    assert found == pytest.approx(variance, abs=4 * np.sqrt((fourth - found**2) / n) + 1e-6)


@pytest.mark.parametrize(("peak", "level"), [(2, 0.3), (30, 0.5), (1000, 0.2)])
def test_poisson(peak, level):
    y = poisson_noise(KEY, flat(level), 1 / peak)
    assert_moments(y, level, level / peak)
    counts = np.asarray(y, float) * peak
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-3)
    none = np.mean(counts < 0.5)
    assert none == pytest.approx(np.exp(-level * peak), abs=0.01)


def test_poisson_gaussian():
    y = poisson_gaussian_noise(KEY, flat(0.4), 0.02, 0.05)
    assert_moments(y, 0.4, 0.02 * 0.4 + 0.05**2)


def test_uniform():
    noise = uniform_noise(KEY, flat(0.4), 0.1) - 0.4
    assert_moments(noise, 0, 0.1**2 / 3)
    assert jnp.abs(noise).max() <= 0.1 + 1e-6


@pytest.mark.parametrize("looks", [1, 4, 10])
def test_speckle(looks):
    y = speckle_noise(KEY, flat(0.5), looks)
    assert_moments(y, 0.5, 0.25 / looks)
    # The fact sheet's logarithm: digamma(L) - ln L and trigamma(L).
    mean = scipy.special.digamma(looks) - np.log(looks)
    assert_moments(np.log(y / 0.5), mean, scipy.special.polygamma(1, looks))
    amplitude = speckle_noise(KEY, flat(0.5), looks, amplitude=True)
    np.testing.assert_allclose(amplitude**2 / 0.25, y / 0.5, rtol=1e-5)


def test_speckle_follows_its_number_of_looks():
    # d/dL of the variance 1/L, by the samples' own derivatives.
    x = flat(1.0)

    @jax.jit
    def variance_and_slope(looks):
        return jax.value_and_grad(lambda looks: speckle_noise(KEY, x, looks).var())(looks)

    variance, slope = variance_and_slope(4.0)
    assert float(variance) == pytest.approx(1 / 4, rel=0.03)
    assert float(slope) == pytest.approx(-1 / 16, rel=0.05)


def test_rician():
    x, sigma = 0.3, 0.2
    y = rician_noise(KEY, flat(x), sigma)
    mean, variance = scipy.stats.rice(x / sigma, scale=sigma).stats("mv")
    assert_moments(y, mean, variance)


def test_salt_and_pepper():
    y = np.asarray(salt_and_pepper_noise(KEY, flat(0.5), 0.3))
    assert set(np.unique(y)) == {0, 0.5, 1}
    error = 4 * np.sqrt(0.15 * 0.85 / y.size)
    assert np.mean(y == 0) == pytest.approx(0.15, abs=error)
    assert np.mean(y == 1) == pytest.approx(0.15, abs=error)
    np.testing.assert_array_equal(salt_and_pepper_noise(KEY, flat(0.5), 0.0), 0.5)
    assert not (salt_and_pepper_noise(KEY, flat(0.5), 1.0) == 0.5).any()


def test_random_valued_impulse():
    y = np.asarray(random_valued_impulse_noise(KEY, flat(0.5), 0.3))
    hit = y != 0.5
    assert hit.mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / y.size))
    assert_moments(y[hit], 0.5, 1 / 12)


def test_stripes_and_dead_lines():
    x = jax.random.uniform(KEY, (2, 5, 2000, 3))
    stripes = np.asarray(stripe_noise(KEY, x, 0.2, 0.25) - x)
    np.testing.assert_allclose(stripes, np.broadcast_to(stripes[:, :1], x.shape), atol=1e-6)
    row = stripes[:, 0]
    hit = row != 0
    assert hit.mean() == pytest.approx(0.2, abs=4 * np.sqrt(0.2 * 0.8 / hit.size))
    assert_moments(row[hit], 0, 0.25**2 / 3)
    dead = np.asarray(dead_line_noise(KEY, x, 0.05, width=3))
    zero = dead == 0
    assert (zero == zero[:, :1]).all()
    np.testing.assert_array_equal(dead[~zero], np.asarray(x)[~zero])
    # A column survives where none of three starts hits.
    wanted = 1 - 0.95**3
    assert zero.mean() == pytest.approx(wanted, abs=4 * np.sqrt(3 * 0.05 / hit.size))
    # No line is narrower than three but at the left and right edges.
    edges = np.diff(np.pad(zero[0, 0, :, 0].astype(int), 1))
    lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    assert lengths[:-1].min() >= 3


def test_quantization():
    x = jax.random.uniform(KEY, SHAPE)
    error = quantize(x, 4) - x
    step = 1 / 15
    assert_moments(error, 0, step**2 / 12)
    assert len(np.unique(quantize(x, 2))) == 4
    np.testing.assert_array_equal(quantize(jnp.array([[[-0.3], [1.2]]]), 3), [[[0], [1]]])
    slope = jax.grad(lambda x: quantize(x, 3).sum())(x[:1, :4, :4])
    np.testing.assert_array_equal(slope, 1)


@pytest.mark.parametrize(
    "noise",
    [
        lambda key, x: poisson_gaussian_noise(key, x, 0.1, 0.1),
        lambda key, x: speckle_noise(key, x, 2.0),
        lambda key, x: rician_noise(key, x, 0.1),
        lambda key, x: random_valued_impulse_noise(key, x, 0.5),
        lambda key, x: dead_line_noise(key, stripe_noise(key, x, 0.5, 0.1), 0.2),
    ],
)
def test_a_function_of_the_key_compiled_and_mapped(noise):
    x = jax.random.uniform(KEY, (2, 8, 8, 2))
    keys = jax.random.split(KEY, 2)

    @partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
    def mapped_and_alone(keys, x):
        alone = [noise(key, x[1]) for key in keys]
        return jax.vmap(noise)(keys, x)[1], *alone

    mapped, other, same = mapped_and_alone(keys, x)
    np.testing.assert_allclose(mapped, same, atol=1e-6)
    assert mapped.dtype == x.dtype
    assert jnp.abs(other - same).max() > 0.01


CUBE = np.asarray(jax.random.uniform(KEY, (40, 100, 31), minval=0.2, maxval=0.8))


def columns_of(mask):
    """(columns, bands) of a mask of whole columns (rows, columns, bands)."""
    assert (mask == mask[:1]).all()
    return mask[0]


def test_gaussian_noise_of_every_band():
    noise = np.asarray(qrnn3d_noise(KEY, CUBE, 1)) - CUBE
    sigma = noise.std(axis=(0, 1)) * 255
    nearest = np.array([10, 30, 50, 70])[np.abs(sigma[:, None] - [10, 30, 50, 70]).argmin(1)]
    np.testing.assert_allclose(sigma, nearest, rtol=4 / np.sqrt(2 * 4000))
    assert set(nearest) == {10, 30, 50, 70}


def test_stripes_dead_lines_and_impulses_on_a_third_of_the_bands():
    base = np.asarray(qrnn3d_noise(KEY, CUBE, 1))
    stripes = np.asarray(qrnn3d_noise(KEY, CUBE, 2)) - base
    assert np.abs(stripes).max() <= 0.2501
    assert np.ptp(stripes, axis=0).max() < 1e-6
    dead = np.asarray(qrnn3d_noise(KEY, CUBE, 3)) == 0
    for columns in (np.abs(stripes[0]) > 1e-6, columns_of(dead)):
        counts = columns.sum(axis=0)
        assert np.count_nonzero(counts) == 10
        assert counts[counts > 0].min() >= 5
        assert counts.max() <= 15
    impulses = np.asarray(qrnn3d_noise(KEY, CUBE, 4))
    share = np.mean(impulses != base, axis=(0, 1))
    assert np.count_nonzero(share) == 10
    assert 0.08 < share[share > 0].min() < share.max() < 0.72
    mixture = np.asarray(qrnn3d_noise(KEY, CUBE, 5))
    assert (mixture == 0)[dead].mean() > 0.7
    assert np.mean(mixture == base) < 1


DEEP_CUBE = np.asarray(jax.random.uniform(KEY, (20, 60, 112), minval=0.2, maxval=0.8))


def test_noise_of_a_given_ratio_in_every_band():
    assert_moments(np.asarray(nmog_noise(KEY, DEEP_CUBE, 1)) - DEEP_CUBE, 0, 0.05**2)
    noise = np.asarray(nmog_noise(KEY, DEEP_CUBE, 2)) - DEEP_CUBE
    energy = np.mean(DEEP_CUBE**2, axis=(0, 1))
    decibel = 10 * np.log10(energy / noise.var(axis=(0, 1)))
    # Four standard errors of a variance of 1200 samples are 0.7 dB.
    assert 9.3 < decibel.min() < 11
    assert 19 < decibel.max() < 20.7
    assert decibel.mean() == pytest.approx(15, abs=4 * 10 / np.sqrt(12 * 112))


def test_structured_noise_on_forty_bands():
    base = np.asarray(nmog_noise(KEY, DEEP_CUBE, 2))
    striped = np.asarray(nmog_noise(KEY, DEEP_CUBE, 3))
    hit = columns_of(striped != base)
    offsets = (striped - DEEP_CUBE)[:, hit]
    # The Gaussian noise of those columns is gone.
    assert np.ptp(offsets, axis=0).max() < 1e-6
    assert np.abs(offsets).max() <= 0.2501
    dead = columns_of(np.asarray(nmog_noise(KEY, DEEP_CUBE, 4)) == 0)
    for columns, fewest, most in ((hit, 21, 40), (dead, 6, 15)):
        counts = columns.sum(axis=0)
        assert np.count_nonzero(counts) == 40
        assert not counts[:10].any()
        assert not counts[-10:].any()
        assert fewest <= counts[counts > 0].min() <= fewest + 3
        assert most - 3 <= counts.max() <= most
    speckled = np.asarray(nmog_noise(KEY, DEEP_CUBE, 5))
    share = np.mean(speckled != base, axis=(0, 1))
    assert np.count_nonzero(share) == 40
    assert 0.44 < share[share > 0].min() < share.max() < 0.76
    assert_moments((speckled / base)[speckled != base], 1, 0.3)


def test_mixture_overlaps():
    base = np.asarray(nmog_noise(KEY, DEEP_CUBE, 2))
    y = np.asarray(nmog_noise(KEY, DEEP_CUBE, 6))
    touched = (y != base).any(axis=(0, 1))
    dead = (y == 0).all(axis=0).any(axis=0)
    speckled = np.mean(y != base, axis=(0, 1)) > 0.72
    assert touched.sum() == 90
    assert dead.sum() == 40
    # Stripes and dead lines leave most pixels; impulses, on 40 bands, few.
    assert np.mean(y != base, axis=(0, 1))[touched].max() < 0.95
    assert speckled.sum() < 40


X = np.ones((4, 6, 1), np.float32)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: poisson_noise(KEY, -X, 0.1), "x: expected non-negative values, got -1"),
        (lambda: poisson_noise(KEY, X, 0.0), "gain: expected positive values, got 0"),
        (lambda: poisson_noise(KEY, X * np.nan, 1.0), "x: expected non-negative values, got nan"),
        (lambda: poisson_gaussian_noise(KEY, -X, 0.1, 0.1), "x: expected non-negative"),
        (lambda: rician_noise(KEY, X + 0j, 0.1), "x: expected a real floating-point"),
        (lambda: speckle_noise(KEY, X, 0), "looks: expected positive values"),
        (lambda: quantize(X, 0), "bits: expected 1 to 16"),
        (lambda: dead_line_noise(KEY, X, 0.1, 0), "width: expected a positive"),
        (lambda: qrnn3d_noise(KEY, X, 6), "case: expected 1 to 5"),
        (lambda: qrnn3d_noise(KEY, X[None], 1), "x: expected one cube"),
        (lambda: nmog_noise(KEY, X, 0), "case: expected 1 to 6"),
        (lambda: nmog_noise(KEY, X, 3), "x: expected at least 60 bands and 40 columns"),
    ],
)
def test_wrong_arguments(function, message):
    with pytest.raises(ValueError, match=message):
        function()


def test_a_traced_negative_rate_gives_no_counts():
    y = jax.jit(lambda x: poisson_noise(KEY, x, 0.1))(-jnp.asarray(X))
    np.testing.assert_array_equal(y, 0)


@pytest.mark.parametrize("shape", [(4, 1, 1, 1), (3,)])
def test_a_level_that_would_enlarge_the_image_is_refused(shape):
    x = np.zeros((8, 8, 1), np.float32)
    for noise, name in ((gaussian_noise, "sigma"), (salt_and_pepper_noise, "density")):
        with pytest.raises(ValueError, match=f"{name}: expected to broadcast against"):
            noise(jax.random.key(0), x, np.ones(shape))
