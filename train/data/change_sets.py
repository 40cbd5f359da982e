"""Sets of places before and after, and which of their pixels have changed."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax import synthesis
from train.data.data_set import Stacked
from train.data.drawn import drawn_kind, side_and_count
from train.data.fields import Field, Fields, class_map, cubes_of

_SIDE, _STRIDE, _SHARE = 32, 8, 0.25
_COUNT, _BEFORE = 4, 2
# As Sentinel-2 sees land: what is made has reflectances up to this.
_BRIGHTEST = 0.4
DRAWN_BANDS = ("B4", "B3", "B2", "B8")


def fields_of_changes(
    dates: int | None, side: int | None, bands: int | None, white: float = 1.0
) -> Fields:
    """What a place of several dates holds, reflectances, and its map of changes.

    Args:
      dates: before.
      side: height and width; None for any, as in all others.
      bands: of every date.
      white: the level that is 1.
    """
    return {
        "before": Field((dates, side, side, bands), "float32", "frames", (0.0, white)),
        "image": cubes_of(bands, side, side),
        "change": class_map(2),
    }


def changed_windows(
    name: str, before: np.ndarray, after: np.ndarray, changed: np.ndarray, bands: Sequence[str]
) -> Stacked:
    """Windows of 32x32, eight pixels apart, that have changed where a quarter of them has.

    Args:
      name: of the set.
      before: (dates, H, W, bands).
      after: (H, W, bands).
      changed: (H, W), by pixel.
      bands: their names.
    """
    height, width = changed.shape
    corners = [
        (top, left)
        for top in range(0, height - _SIDE + 1, _STRIDE)
        for left in range(0, width - _SIDE + 1, _STRIDE)
    ]
    windows = [np.s_[top : top + _SIDE, left : left + _SIDE] for top, left in corners]
    labels = [changed[window].mean() >= _SHARE for window in windows]
    arrays = {
        "before": np.stack([before[(slice(None), *window)] for window in windows]),
        "image": np.stack([after[window] for window in windows]),
        "change": np.stack([np.full((_SIDE, _SIDE, 1), label, np.uint8) for label in labels]),
    }
    arrays |= {key: arrays[key].astype(np.float32) for key in ("before", "image")}
    fields = fields_of_changes(len(before), _SIDE, len(bands))
    return Stacked(name, fields, arrays, {"bands": list(bands)})


def drawn_changes(key: int, rest: str) -> Stacked:
    """Opens "<pixels a side>[:<count>]": places drawn by a key, of two dates before and one after.

    Spectra of four bands in smooth regions, each date of its own light, noise and haze; afterwards
    a rectangle shows another place.

    Raises:
      ValueError: other words.
    """
    kind = drawn_kind("drawn_changes", key)
    found = side_and_count(rest.split(":"), _COUNT)
    if found is None:
        raise ValueError(f"{kind}:{rest}: wanted {kind}:<pixels a side>[:<count>]")
    side, count = found
    draw = jax.jit(jax.vmap(lambda k: _place(k, side)))
    arrays = {
        name: np.asarray(value)
        for name, value in draw(jax.random.split(jax.random.key(key), count)).items()
    }
    fields = fields_of_changes(_BEFORE, side, len(DRAWN_BANDS))
    return Stacked(f"{kind}:{rest}", fields, arrays, {"bands": list(DRAWN_BANDS)})


def _place(key: jax.Array, side: int) -> dict[str, jax.Array]:
    own, other, light, noise, where = jax.random.split(key, 5)
    place, elsewhere = (drawn_reflectances(k, side) for k in (own, other))
    corner_key, size_key = jax.random.split(where)
    size = jax.random.randint(size_key, (2,), side // 4, side // 2)
    corner = jax.random.randint(corner_key, (2,), 0, side - size)
    rows, columns = (
        (jnp.arange(side) >= first) & (jnp.arange(side) < first + length)
        for first, length in zip(corner, size, strict=True)
    )
    changed = rows[:, None] & columns[None, :]
    after = jnp.where(changed[..., None], elsewhere, place)
    dates = jnp.stack([*[place] * _BEFORE, after])
    lit = changed_light(light, dates)
    noisy = jnp.maximum(lit + 0.002 * jax.random.normal(noise, lit.shape), 1e-4)
    return {
        "before": noisy[:-1],
        "image": noisy[-1],
        "change": changed[..., None].astype(jnp.uint8),
    }


def drawn_reflectances(key: jax.Array, side: int) -> jax.Array:
    """Draws (side, side, bands) of DRAWN_BANDS, between 0.02 and 0.42."""
    return 0.02 + _BRIGHTEST * synthesis.spectral_cube(key, (side, side), len(DRAWN_BANDS))


def changed_light(key: jax.Array, x: jax.Array) -> jax.Array:
    """Gives reflectances (N, H, W, bands) a gain between 0.7 and 1.4 and an offset up to 0.04."""
    gain_key, offset_key = jax.random.split(key)
    shape = (len(x), 1, 1, 1)
    gain = jax.random.uniform(gain_key, shape, minval=0.7, maxval=1.4)
    return gain * x + jax.random.uniform(offset_key, shape, maxval=0.04)
