"""Emission of moist soil under plants, against figures computed apart from this code."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.operators import (
    brightness_temperature,
    dobson_permittivity,
    fresnel_reflectivity,
    mironov_permittivity,
    rough_reflectivity,
    topp_permittivity,
)
from imaging_jax.solvers import retrieve_soil_moisture

MOISTURE = np.array([0.02, 0.05, 0.10, 0.20, 0.30, 0.40])
# Clay 0.2 and 0.4, 1.41 GHz: Mironov; Topp; V, H of smooth ground at 40°; V, H at 295 K, b .11,
# omega .05, h .1 under 2 kg/m² and under nothing.
CLAY_20 = [
    2.8106 + 0.1517j, 3.5562 + 0.2488j, 5.0828 + 0.4555j,
    9.9350 + 1.106j, 16.3964 + 2.0239j, 24.4671 + 3.2092j,
]  # fmt: skip
CLAY_40 = [
    2.511 + 0.124j, 3.127 + 0.221j, 4.301 + 0.422j,
    7.975 + 1.050j, 13.848 + 2.054j, 21.330 + 3.380j,
]  # fmt: skip
TOPP = [3.274, 3.850, 5.343, 10.116, 16.889, 25.201]
SMOOTH = [
    (0.02688, 0.11480), (0.04516, 0.15816), (0.08274, 0.22855),
    (0.18061, 0.36470), (0.26959, 0.46246), (0.34495, 0.53492),
]  # fmt: skip
COVERED = [
    (287.037, 273.037), (284.127, 266.133), (278.142, 254.924),
    (262.557, 233.243), (248.388, 217.676), (236.389, 206.138),
]  # fmt: skip
BARE = [
    (287.521, 263.064), (282.437, 251.003), (271.982, 231.421),
    (244.756, 193.544), (220.003, 166.349), (199.040, 146.193),
]  # fmt: skip


def emitted(moisture, vegetation, temperature=295.0):
    given = (0.2, temperature, temperature, vegetation, 0.11, 0.05, 0.1)
    return brightness_temperature(moisture, *given)


def test_permittivities_are_those_of_the_table(x64):
    for clay, wanted in ((0.2, CLAY_20), (0.4, CLAY_40)):
        found = mironov_permittivity(jnp.asarray(MOISTURE), jnp.float64(clay))
        np.testing.assert_allclose(found, wanted, atol=1e-3)
    np.testing.assert_allclose(topp_permittivity(MOISTURE), TOPP, atol=1e-3)
    dobson = dobson_permittivity(jnp.array([0.1, 0.2, 0.3]), 0.4, 0.2)
    np.testing.assert_allclose(
        dobson, [6.289 + 0.561j, 11.323 + 1.060j, 17.444 + 1.615j], atol=1e-3
    )


def test_dobson_below_its_edge_is_the_changed_model(x64):
    # Peplinski et al.: 1.15 · real - 0.68, and other conductivities.
    frequencies = (1.4e9, 1.4e9 - 1)
    above, below = (
        complex(dobson_permittivity(jnp.float64(0.2), 0.4, 0.2, frequency=f)) for f in frequencies
    )
    assert below.real == pytest.approx(1.15 * above.real - 0.68, abs=1e-5)
    assert below.imag != pytest.approx(above.imag, rel=0.01)


def test_reflectivities_and_temperatures_are_those_of_the_table(x64):
    permittivity = mironov_permittivity(jnp.asarray(MOISTURE), jnp.float64(0.2))
    np.testing.assert_allclose(fresnel_reflectivity(permittivity), SMOOTH, atol=1e-5)
    for vegetation, wanted in ((2.0, COVERED), (0.0, BARE)):
        np.testing.assert_allclose(emitted(MOISTURE, vegetation), wanted, atol=1e-3)


def test_single_precision_is_near_enough():
    found = emitted(jnp.asarray(MOISTURE, jnp.float32), 2.0)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, COVERED, atol=2e-3)


def test_normal_incidence_and_vacuum_are_known(x64):
    # Both polarisations are |(1 - n)/(1 + n)|² straight from above; vacuum reflects nothing.
    np.testing.assert_allclose(fresnel_reflectivity(jnp.array(4.0), 0.0), [1 / 9, 1 / 9], rtol=1e-6)
    np.testing.assert_allclose(fresnel_reflectivity(jnp.array(1.0)), [0, 0], atol=1e-12)
    mixed = rough_reflectivity(jnp.array([0.1, 0.3]), 0.0, mixing=0.25)
    np.testing.assert_allclose(mixed, [0.15, 0.25], rtol=1e-6)


def test_gradients_are_finite_differences(x64):
    at = [0.2, 0.25, 295.0, 293.0, 2.0, 0.11, 0.05, 0.12]
    for polarisation in (0, 1):
        for index, value in enumerate(at):

            def along(x, index=index, polarisation=polarisation):
                arguments = [*at[:index], x, *at[index + 1 :]]
                return brightness_temperature(*map(jnp.asarray, arguments))[polarisation]

            step = 1e-6 * max(value, 1)
            difference = (along(value + step) - along(value - step)) / (2 * step)
            assert float(jax.grad(along)(value)) == pytest.approx(float(difference), rel=1e-4)


def test_temperatures_fall_with_moisture_by_the_known_slopes(x64):
    moistures = jnp.linspace(0.01, 0.55, 200)
    _, slopes = jax.jvp(lambda m: emitted(m, 2.0), (moistures,), (jnp.ones(200),))
    assert np.all(np.asarray(slopes) < 0)
    # K from 0.20 to 0.21, V and H: bare, and under 2 and 5 kg/m².
    for vegetation, wanted in ((0.0, (-2.63, -3.13)), (2.0, (-1.51, -1.79)), (5.0, (-0.66, -0.78))):
        found = np.diff(emitted(np.array([0.2, 0.21]), vegetation), axis=0)[0]
        np.testing.assert_allclose(found, wanted, atol=6e-3)


@pytest.mark.parametrize("polarisations", [[0], [1], [0, 1]])
def test_moisture_is_found_again(polarisations):
    generator = np.random.default_rng(0)
    moisture = jnp.asarray(generator.uniform(0.03, 0.49, (20, 3)), jnp.float32)
    clay, vegetation = (
        jnp.asarray(generator.uniform(low, high, (20, 3)), jnp.float32)
        for low, high in ((0.05, 0.5), (0, 3))
    )

    def emission(moisture):
        return brightness_temperature(moisture, clay, 295.0, 294.0, vegetation)[..., polarisations]

    found = retrieve_soil_moisture(emission(moisture), emission)
    np.testing.assert_allclose(found, moisture, atol=1e-3)


def test_the_retrieval_stays_in_its_bounds_and_says_what_does_not_fit():
    emission = lambda m: brightness_temperature(m, 0.2, 295.0, 295.0, 0.0)[..., :1]  # noqa: E731
    found = retrieve_soil_moisture(jnp.array([[400.0], [50.0]]), emission)
    np.testing.assert_allclose(found, [0.02, 0.55], atol=1e-6)
    assert jnp.isnan(retrieve_soil_moisture(jnp.array([[jnp.nan]]), emission)).all()
    with pytest.raises(ValueError, match="y must be real floating point, got int32"):
        retrieve_soil_moisture(jnp.array([[280]]), emission)
    with pytest.raises(ValueError, match=r"y must have the shape \(2, 1\) .* got \(2, 2\)"):
        retrieve_soil_moisture(jnp.zeros((2, 2)), emission)
    with pytest.raises(ValueError, match=r"bounds must rise, got \(0.5, 0.1\)"):
        retrieve_soil_moisture(jnp.zeros((2, 1)), emission, (0.5, 0.1))
