import jax
import jax.numpy as jnp
import pytest

from imaging_jax.losses import weighted_rain_mae


def test_heavier_rain_weighs_more():
    # Targets 0, 1 and 3: weights 1, 2 and 4, of differences 0.5, 0.25 and 2.
    prediction, target = jnp.array([0.5, 1.25, 1.0]), jnp.array([0.0, 1.0, 3.0])
    expected = (1 * 0.5 + 2 * 0.25 + 4 * 2) / 3
    assert float(jax.jit(weighted_rain_mae)(prediction, target)) == pytest.approx(expected)


def test_the_documented_weights_are_those_of_amounts():
    for amount, weight in ((0, 1), (10, 3.4), (50, 4.9)):
        target = jnp.log1p(jnp.float32(amount))[None]
        assert float(weighted_rain_mae(target + 1, target)) == pytest.approx(weight, abs=0.05)


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match="expected the shape of prediction"):
        weighted_rain_mae(jnp.zeros(3), jnp.zeros((3, 1)))
