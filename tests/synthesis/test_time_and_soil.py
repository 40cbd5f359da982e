"""Climate variables over time, smooth fields, and what is measured of moist soil."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.operators import block_means, brightness_temperature, resize
from imaging_jax.synthesis import (
    climate_variable,
    smooth_fields,
    soil_moisture,
    soil_moisture_field,
)


def test_smooth_fields_are_standardised_and_smooth():
    fields = np.asarray(smooth_fields(jax.random.key(0), 50, (32, 28), 3.0))
    np.testing.assert_allclose(fields.mean(axis=(1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(fields.std(axis=(1, 2)), 1, atol=1e-5)
    # White noise through a Gaussian of deviation s correlates by exp(-d² / 4 s²).
    shifted = np.mean(fields * np.roll(fields, 3, axis=1))
    assert shifted == pytest.approx(np.exp(-9 / 36), abs=0.05)


def test_a_climate_variable_is_the_sum_it_says():
    values = np.asarray(climate_variable(jax.random.key(0), 480, (28, 28)), np.float64)[..., 0]
    time = np.arange(480) / 12
    phase = 2 * np.pi * time
    design = np.stack([np.ones(480), np.sin(phase), np.cos(phase), time], axis=1)
    weights = np.linalg.lstsq(design, values.reshape(480, -1))[0]
    mean, sine, cosine, trend = weights
    assert mean.mean() == pytest.approx(285, abs=0.5)
    assert mean.std() == pytest.approx(4, abs=0.3)
    assert np.hypot(sine, cosine).mean() == pytest.approx(12, abs=0.2)
    assert trend.mean() == pytest.approx(0.03, abs=0.01)
    # Deviation sqrt(1.5² + 0.3²); by a month 0.6 · 1.5² of it is left.
    anomaly = values.reshape(480, -1) - design @ weights
    assert anomaly.std() == pytest.approx(np.sqrt(1.5**2 + 0.3**2), rel=0.05)
    memory = np.mean(anomaly[1:] * anomaly[:-1]) / np.mean(anomaly**2)
    assert memory == pytest.approx(0.6 * 1.5**2 / (1.5**2 + 0.3**2), abs=0.04)


def test_places_have_the_statistics_computed_elsewhere():
    drawn = soil_moisture(jax.random.key(0), 8_000)
    features = np.asarray(drawn.features)
    # Of 12,000 places drawn apart from this code.
    np.testing.assert_allclose(features[:, :2].mean(axis=0), [256.0, 230.7], atol=1.0)
    np.testing.assert_allclose(features[:, :2].std(axis=0), [22.5, 31.3], atol=0.8)
    assert drawn.moisture.std() == pytest.approx(0.48 / np.sqrt(12), abs=0.003)
    v, h, _, _, index, temperature, _, _ = features.T
    np.testing.assert_allclose(features[:, 2], v / temperature, rtol=1e-6)
    np.testing.assert_allclose(index, (v - h) / (v + h), atol=1e-6)
    # Ten per cent of 0 to 5 kg/m², and of the temperature 2 K beside its own 8.
    error = features[:, 6] - np.asarray(drawn.vegetation[:, 0])
    assert error.std() == pytest.approx(0.1 * np.sqrt(25 / 3), rel=0.05)
    assert temperature.std() == pytest.approx(np.sqrt(64 + 4), rel=0.05)


def test_radiometers_see_blocks_of_an_area():
    draw = jax.vmap(lambda key: soil_moisture_field(key, (16, 24)))
    drawn = jax.jit(draw)(jax.random.split(jax.random.key(0), 40))
    features = np.asarray(drawn.features)
    assert features.shape == (40, 16, 24, 9)
    error = np.asarray(drawn.coarse - block_means(drawn.moisture, 4))
    assert error.std() == pytest.approx(0.01, rel=0.1)
    np.testing.assert_allclose(features[..., 8:], resize(drawn.coarse, 4), atol=1e-5)
    assert drawn.stations.mean() == pytest.approx(0.02, abs=0.005)
    # Usual values of what isn't told come near what is seen: within the errors and spreads.
    vegetation, clay, temperature = (features[..., c] for c in (6, 7, 5))
    usual = brightness_temperature(
        jnp.asarray(drawn.moisture[..., 0]), clay, temperature, temperature, vegetation
    )
    seen = np.asarray(block_means(usual - features[..., :2], 4))
    assert np.abs(seen.mean(axis=(0, 1, 2))).max() < 3


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda key: climate_variable(key, 0), r"at least, got 0, \(28, 28\)"),
        (lambda key: climate_variable(key, 3, (1, 4)), r"at least, got 3, \(1, 4\)"),
        (lambda key: soil_moisture_field(key, (8, 6)), r"multiples of 4, got \(8, 6\)"),
    ],
)
def test_shapes_that_cannot_be_drawn_are_named(draw, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(draw, jax.random.key(0))
