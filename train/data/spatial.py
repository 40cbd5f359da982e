"""Fields with rows and columns, cut and turned together whatever else they hold."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from train.data.fields import Field, Fields

_HEIGHT_AXES = {"image": 0, "class_map": 0, "cube": 0, "mask": 0, "frames": 1}
# Whose numbers are no levels.
_KEPT = ("class_map", "label", "tokens")


def height_axis(field: Field) -> int | None:
    """The axis of a field's rows, which that of its columns follows; None where it has none."""
    axis = _HEIGHT_AXES.get(field.kind)
    return axis if axis is not None and len(field.shape) == axis + 3 else None


def spatial(fields: Fields) -> dict[str, Field]:
    """Those of the fields that have rows and columns."""
    return {name: field for name, field in fields.items() if height_axis(field) is not None}


def rows_first(field: Field, value: np.ndarray) -> np.ndarray:
    """Lays a field out as (H, W, numbers a pixel)."""
    axis = height_axis(field)
    value = np.moveaxis(value, (axis, axis + 1), (0, 1))
    return np.ascontiguousarray(value).reshape(*value.shape[:2], -1)


def from_rows_first(field: Field, patch: jax.Array) -> jax.Array:
    """The inverse of `rows_first`, of a patch on the device."""
    axis = height_axis(field)
    others = field.shape[:axis] + field.shape[axis + 2 :]
    return jnp.moveaxis(patch.reshape(*patch.shape[:2], *others), (0, 1), (axis, axis + 1))


def numbers_a_pixel(field: Field) -> int:
    """How many numbers stand at each row and column."""
    axis = height_axis(field)
    return int(np.prod(field.shape[:axis] + field.shape[axis + 2 :]))


def of_patches(fields: Fields, size: int) -> Fields:
    """The fields of patches of `size` pixels a side, as tasks learn from them: floats in [0, 1]."""
    found = {}
    for name, field in fields.items():
        axis = height_axis(field)
        shape = field.shape
        if axis is not None:
            shape = (*shape[:axis], size, size, *shape[axis + 2 :])
        found[name] = as_float(dataclasses.replace(field, shape=shape))
    return found


def as_float(field: Field) -> Field:
    """The field of levels mapped to [0, 1]; labels, class maps and tokens stay."""
    if field.kind in _KEPT or np.dtype(field.dtype).kind not in "ui":
        return field
    return dataclasses.replace(field, dtype="float32", range=(0.0, 1.0))


def to_float(field: Field, value: jax.Array) -> jax.Array:
    """Maps levels to [0, 1] by the field's white, the end of its range."""
    if as_float(field) is field:
        return value
    return value.astype(jnp.float32) / field.white


def flip_and_turn(key: jax.Array, patch: jax.Array) -> jax.Array:
    """Applies one of the eight symmetries of the square to (H, H, C), each as likely."""
    transpose, rows, columns = jax.random.bernoulli(key, shape=(3,))
    patch = jnp.where(transpose, jnp.swapaxes(patch, 0, 1), patch)
    patch = jnp.where(rows, patch[::-1], patch)
    return jnp.where(columns, patch[:, ::-1], patch)


def mirror(key: jax.Array, patch: jax.Array) -> jax.Array:
    """Reverses the columns of (H, W, C), as likely as not."""
    return jnp.where(jax.random.bernoulli(key), patch[:, ::-1], patch)


# By name: what a patch may be turned into, for pictures that have no upper side and that have one.
SYMMETRIES = {"square": flip_and_turn, "mirror": mirror}
