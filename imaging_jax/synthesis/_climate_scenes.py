from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp

from imaging_jax.synthesis._power_law_texture import power_law_texture

Quantity = Literal["temperature", "precipitation"]

# The amplitude law of relief, whose profiles have power spectra that fall as 1/f².
_RELIEF = 1.5
# Of the highest point, and of a pixel, in km.
_SUMMIT, _PIXEL = 3.0, 4.0

# Temperature at sea level, in K: means of scenes, the range within one, and its smoothness.
_FREEZING, _MEANS, _RANGE, _WEATHER = 273.15, (265.0, 300.0), 12.0, 3.0
# Rain where clouds are above the threshold, in mm a day at most, and the clouds' smoothness.
_DRY, _HEAVIEST, _SKEWNESS, _CLOUDS = 0.4, 60.0, 1.5, 2.0
# exp(gain · slope) multiplies rain, the exponent held within these bounds.
_GAIN, _BOUND = 30.0, 1.5


class ClimateScene(NamedTuple):
    """A field of climate over its terrain.

    Attributes:
        terrain: ``(H, W, 1)``, height in [0, 1], of 3 km.
        field: ``(H, W, 1)`` in K, or in mm a day.
    """

    terrain: jax.Array
    field: jax.Array


def climate_scene(key: jax.Array, shape: tuple[int, int], quantity: Quantity) -> ClimateScene:
    """Makes a scene for downscaling: a smooth large-scale field that the terrain changes.

    A coarse model has its `block_means`; what relief within a block does is random, and lost there.

    Temperature falls with height from that at sea level, T₀: by 6.5 K a km at freezing, and by
    0.1 less with every K above it (3.5 at least, 9 at most), much as moist air's does. Rain falls
    where a smooth texture is above a threshold, and is multiplied by exp(30 slope) where the ground
    rises along the wind, which blows from the west give or take 45°; pixels are 4 km wide. The
    numbers are this code base's own.

    Args:
        key: random key; ``jax.vmap`` over keys makes a batch.
        shape: (H, W), at least two pixels in all.
        quantity: "temperature" or "precipitation".

    Raises:
        ValueError: another quantity, or ``shape`` holds fewer than two pixels.
    """
    if quantity not in _FIELDS:
        raise ValueError(f"quantity must be one of {tuple(_FIELDS)}, got {quantity!r}")
    terrain_key, field_key = jax.random.split(key)
    terrain = power_law_texture(terrain_key, shape, _RELIEF, channels=1)
    return ClimateScene(terrain, _FIELDS[quantity](field_key, terrain))


def _temperature(key, terrain):
    mean_key, weather_key = jax.random.split(key)
    low, high = _MEANS
    mean = jax.random.uniform(mean_key, minval=low, maxval=high)
    weather = power_law_texture(weather_key, terrain.shape[:2], _WEATHER, channels=1)
    sea_level = mean + _RANGE * (weather - 0.5)
    lapse_rate = jnp.clip(6.5 - 0.1 * (sea_level - _FREEZING), 3.5, 9.0)
    return sea_level - lapse_rate * _SUMMIT * terrain


def _precipitation(key, terrain):
    wind_key, cloud_key = jax.random.split(key)
    angle = jax.random.uniform(wind_key, minval=-jnp.pi / 4, maxval=jnp.pi / 4)
    clouds = power_law_texture(cloud_key, terrain.shape[:2], _CLOUDS, channels=1)
    amount = _HEAVIEST * jnp.maximum(clouds - _DRY, 0) ** _SKEWNESS
    # The texture is periodic, and so are its central differences.
    down, right = (jnp.roll(terrain, -1, axis) - jnp.roll(terrain, 1, axis) for axis in (0, 1))
    rise = (jnp.cos(angle) * right + jnp.sin(angle) * down) / 2 * _SUMMIT / _PIXEL
    return amount * jnp.exp(jnp.clip(_GAIN * rise, -_BOUND, _BOUND))


_FIELDS = {"precipitation": _precipitation, "temperature": _temperature}
