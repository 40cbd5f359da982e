from typing import NamedTuple

import jax
import jax.numpy as jnp

from imaging_jax.operators import block_means, brightness_temperature, resize
from imaging_jax.synthesis._smooth_fields import smooth_fields

# Ranges of moisture in m³/m³, clay, and water in plants in kg/m².
_MOISTURE, _CLAY, _VEGETATION = (0.02, 0.5), (0.05, 0.5), (0.0, 5.0)
# Mean and deviation of the soil's temperature in K, and by how much the canopy's differs.
_SOIL, _CANOPY_SPREAD = (292.0, 8.0), 1.5
# Mean, deviation, least and most of what isn't told: b, omega and h.
_B, _ALBEDO, _ROUGHNESS = (0.11, 0.02, 0.05, 0.2), (0.05, 0.01, 0.0, 0.12), (0.12, 0.03, 0.0, 0.3)
# Errors of measurement: in K of the radiometer and of the soil's temperature, share of the water
# in plants, and of the clay.
_RADIOMETER, _SOIL_ERROR, _VEGETATION_ERROR, _CLAY_ERROR = 1.3, 2.0, 0.1, 0.05
# Of fields: how smooth, in pixels, how far they stray from the middle of their range, in shares of
# it, the error of coarse estimates, and the share of pixels that have a station.
_SMOOTHNESS, _SPREAD, _ESTIMATE_ERROR, _STATIONS = 3.0, 0.2, 0.01, 0.02

BLOCK = 4
"""Pixels a side that a radiometer sees as one, where areas are drawn."""


class SoilMoisture(NamedTuple):
    """What is measured of places, and the soil moisture there.

    Attributes:
        features: ``(N, 8)``: brightness temperatures V and H in K, both over the soil's
            temperature, their polarisation index (V - H) / (V + H), the soil's temperature, water
            in plants in kg/m², and clay; all with their errors.
        moisture: ``(N, 1)`` in m³/m³.
        vegetation: ``(N, 1)``, the true water in plants.
    """

    features: jax.Array
    moisture: jax.Array
    vegetation: jax.Array


class SoilMoistureField(NamedTuple):
    """What is measured of an area, and the soil moisture there.

    Attributes:
        features: ``(H, W, 9)``: those of `SoilMoisture`, brightness temperatures those of blocks of
            4x4 pixels enlarged bicubically, and the coarse estimate, likewise.
        moisture: ``(H, W, 1)`` in m³/m³.
        coarse: ``(H/4, W/4, 1)``: an estimate of the moisture of each block.
        stations: ``(H, W, 1)`` booleans: where the moisture is measured on the ground.
    """

    features: jax.Array
    moisture: jax.Array
    coarse: jax.Array
    stations: jax.Array


def soil_moisture(key: jax.Array, count: int) -> SoilMoisture:
    """Draws places that a radiometer of 1.41 GHz sees at 40°, by the tau-omega model.

    Moisture, clay and water in plants are uniform in [0.02, 0.5], [0.05, 0.5] and [0, 5]; how much
    plants weaken and scatter and how rough the ground is varies too and isn't told. Errors: 1.3 K
    of the radiometer, 2 K of the soil's temperature, 10 % of the water in plants, 0.05 of clay.

    Args:
        key: random key.
        count: places.
    """
    place_key, measured_key = jax.random.split(key)
    moisture, clay, vegetation = (
        low + (high - low) * share
        for share, (low, high) in zip(
            jax.random.uniform(place_key, (3, count)), (_MOISTURE, _CLAY, _VEGETATION), strict=True
        )
    )
    features = _measured(measured_key, moisture, clay, vegetation)
    return SoilMoisture(features, moisture[:, None], vegetation[:, None])


def soil_moisture_field(key: jax.Array, shape: tuple[int, int]) -> SoilMoistureField:
    """Draws an area as `soil_moisture` draws places, by smooth fields.

    Moisture, clay and water in plants are independent of each other. The radiometer sees blocks of
    4x4 pixels, whose moisture an estimate tells up to 0.01; one pixel in 50 has a station.

    Args:
        key: random key; ``jax.vmap`` over keys makes a batch.
        shape: (H, W), multiples of 4.

    Raises:
        ValueError: another shape.
    """
    if min(shape) < BLOCK or any(side % BLOCK for side in shape):
        raise ValueError(f"shape must be of multiples of {BLOCK}, got {shape}")
    field_key, measured_key, coarse_key, station_key = jax.random.split(key, 4)
    fields = smooth_fields(field_key, 3, shape, _SMOOTHNESS)
    moisture, clay, vegetation = (
        jnp.clip((low + high) / 2 + _SPREAD * (high - low) * field, low, high)
        for field, (low, high) in zip(fields, (_MOISTURE, _CLAY, _VEGETATION), strict=True)
    )
    measured = _measured(measured_key, moisture, clay, vegetation, coarse=True)
    means = block_means(moisture[..., None], BLOCK)
    coarse = means + _ESTIMATE_ERROR * jax.random.normal(coarse_key, means.shape)
    features = jnp.concatenate([measured, resize(coarse, BLOCK)], axis=-1)
    stations = jax.random.bernoulli(station_key, _STATIONS, (*shape, 1))
    return SoilMoistureField(features, moisture[..., None], coarse, stations)


def _measured(key, moisture, clay, vegetation, coarse=False):
    """The eight features of places (...), on blocks of a radiometer where they are coarse."""
    place_key, radiometer_key = jax.random.split(key)
    # One temperature, and one kind of plants, ground and errors, for all of an area.
    varying = (8,) if coarse else (8, *moisture.shape)
    normal = jax.random.normal(place_key, varying)
    soil = _SOIL[0] + _SOIL[1] * normal[0]
    canopy = soil + _CANOPY_SPREAD * normal[1]
    hidden = (
        jnp.clip(mean + spread * drawn, low, high)
        for drawn, (mean, spread, low, high) in zip(
            normal[2:5], (_B, _ALBEDO, _ROUGHNESS), strict=True
        )
    )
    emitted = brightness_temperature(moisture, clay, soil, canopy, vegetation, *hidden)
    if coarse:
        emitted = block_means(emitted, BLOCK)
    emitted = emitted + _RADIOMETER * jax.random.normal(radiometer_key, emitted.shape)
    if coarse:
        emitted = resize(emitted, BLOCK)
    soil = jnp.broadcast_to(soil + _SOIL_ERROR * normal[5], moisture.shape)
    vegetation = vegetation * (1 + _VEGETATION_ERROR * normal[6])
    clay = jnp.clip(clay + _CLAY_ERROR * normal[7], 0, 1)
    v, h = emitted[..., 0], emitted[..., 1]
    index = (v - h) / (v + h)
    return jnp.stack([v, h, v / soil, h / soil, index, soil, vegetation, clay], axis=-1)
