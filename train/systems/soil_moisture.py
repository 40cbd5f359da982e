"""Soil moisture without a network: polynomials of what is measured, and the model inverted."""

from collections.abc import Callable
from itertools import combinations_with_replacement

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.operators import brightness_temperature, resize
from imaging_jax.solvers import retrieve_soil_moisture
from imaging_jax.synthesis import BLOCK
from train.data.data_sets import data_set
from train.data.fields import Field, as_numbers, check_fields
from train.data.soil_moisture import PLACE, fields_of_areas
from train.systems.system import Origin, System

# Of the features of a place, by name: brightness temperatures; those that need no map; all.
FEATURES = {"brightness": 2, "radiometer": 6, "all": 8}
POLARISATIONS = {"V": (0,), "H": (1,), "VH": (0, 1)}
_TAKES = {"features": PLACE["features"]}
_GIVES = {"value": Field((1,), "float32", "figure")}


def polynomial(degree: str, features: str, places: str) -> System:
    """Moisture as a polynomial of features, fitted by least squares; degree 0 is the mean.

    Raises:
      ValueError: another degree than 0 to 3, unknown features, or a set of something else.
    """
    name = f"polynomial:{degree}:{features}:{places}"
    if degree not in ("0", "1", "2", "3") or features not in FEATURES:
        raise ValueError(f"{name}: wanted polynomial:<0 to 3>:<{', '.join(FEATURES)}>:<set>")
    fitted = data_set(places)
    check_fields(fitted.fields, {**_TAKES, "target": PLACE["target"]}, fitted.name, name)
    rows = np.float64(fitted.arrays["features"][:, : FEATURES[features]])
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)

    def terms(values):
        scaled = (np.float64(values)[:, : len(mean)] - mean) / deviation
        return _monomials(scaled, int(degree))

    weights = np.linalg.lstsq(terms(rows), np.float64(fitted.arrays["target"]))[0]

    def apply(inputs):
        told = terms(as_numbers("features", inputs["features"], _TAKES["features"])) @ weights
        return {"value": told.astype(np.float32)}

    origin = Origin("fitted", precision="float64", settings={"terms": len(weights)})
    return System(
        "polynomial", f"{degree}_of_{features}_of_{places}", apply, origin, _TAKES, _GIVES
    )


def _monomials(values: np.ndarray, degree: int) -> np.ndarray:
    columns = [np.ones(len(values))]
    for power in range(1, degree + 1):
        for chosen in combinations_with_replacement(range(values.shape[1]), power):
            columns.append(np.prod(values[:, chosen], axis=1))
    return np.stack(columns, axis=1)


def tau_omega(polarisations: str) -> System:
    """The tau-omega model inverted, with usual values of what isn't told.

    The canopy is as warm as the soil.

    Raises:
      ValueError: other polarisations.
    """
    if polarisations not in POLARISATIONS:
        raise ValueError(f"tau_omega:{polarisations}: wanted tau_omega:<V, H or VH>")
    chosen = np.array(POLARISATIONS[polarisations])

    @jax.jit
    def told(features):
        temperature, vegetation, clay = features[:, 5], features[:, 6], features[:, 7]

        def emission(moisture):
            return brightness_temperature(moisture, clay, temperature, temperature, vegetation)[
                ..., chosen
            ]

        return retrieve_soil_moisture(features[:, chosen], emission)[:, None]

    def apply(inputs):
        features = as_numbers("features", inputs["features"], _TAKES["features"])
        return {"value": told(jnp.asarray(features))}

    return System("tau_omega", polarisations, apply, Origin("interpolation"), _TAKES, _GIVES)


def coarse_replication() -> System:
    """The coarse estimate of each block, at all its pixels."""
    return _enlarging("coarse_replication", lambda x: x.repeat(BLOCK, axis=1).repeat(BLOCK, axis=2))


def coarse_bicubic() -> System:
    """Coarse estimates enlarged bicubically."""
    return _enlarging("coarse_bicubic", lambda x: np.asarray(resize(jnp.asarray(x), BLOCK)))


def _enlarging(name: str, enlarged: Callable[[np.ndarray], np.ndarray]) -> System:
    fields = fields_of_areas(None)
    takes, gives = {"coarse": fields["coarse"]}, {"value": fields["target"]}

    def apply(inputs):
        return {"value": enlarged(as_numbers("coarse", inputs["coarse"], takes["coarse"]))}

    return System(name, "none", apply, Origin("interpolation"), takes, gives)
