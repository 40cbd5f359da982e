"""Frames of a place enlarged without training: what networks of several frames must beat."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

from imaging_jax.models.multi_frame import clearest_first
from imaging_jax.operators import resize
from imaging_jax.solvers import register_frames
from train.data.fields import PICTURE
from train.data.frame_scenes import fields_of_frames
from train.systems.system import Origin, System

_TAKES = {
    name: field
    for name, field in fields_of_frames(None, (None, None), (None, None), None).items()
    if name in ("frames", "clear")
}
# Largest displacement of a frame that is undone, in its own pixels.
_REACH = 2


def bicubic_frame(scale: str) -> System:
    """The clearest frame, enlarged bicubically.

    Raises:
      ValueError: a scale that is no number above 1.
    """
    return _system("bicubic_frame", scale, lambda frames, clear: frames[:, 0])


def registered_mean(scale: str) -> System:
    """The mean of enlarged frames where they are clear, moved by whole pixels upon the clearest.

    Pixels that no frame shows are the clearest frame's.

    Raises:
      ValueError: a scale that is no number above 1.
    """
    return _system("registered_mean", scale, partial(_registered_mean, reach=_reach(scale)))


def _registered_mean(frames: jax.Array, clear: jax.Array, reach: int) -> jax.Array:
    moved, seen = register_frames(frames, clear, reach=reach)
    count = jnp.sum(seen, axis=1)
    mean = jnp.sum(jnp.where(seen > 0, moved, 0), axis=1) / jnp.maximum(count, 1)
    return jnp.where(count > 0, mean, frames[:, 0])


def _system(name: str, scale: str, combine: Callable[[jax.Array, jax.Array], jax.Array]) -> System:
    factor = _factor(name, scale)

    @jax.jit
    def made(frames, clear):
        frames, clear = clearest_first(frames, clear)
        shape = tuple(round(factor * side) for side in frames.shape[2:4])
        large = resize(frames, shape=shape)
        seen = resize(clear, shape=shape, kernel="nearest")
        return jnp.clip(combine(large, seen), 0, 1)

    def apply(inputs):
        return {"image": made(jnp.asarray(inputs["frames"]), jnp.asarray(inputs["clear"]))}

    settings = {"scale": factor}
    origin = Origin("interpolation", settings=settings)
    return System(name, "none", apply, origin, _TAKES, {"image": PICTURE})


def _factor(name: str, scale: str) -> float:
    try:
        factor = float(scale)
    except ValueError:
        factor = 0.0
    if not 1 < factor < 100:
        raise ValueError(f"{name}:{scale}: wanted {name}:<scale above 1>")
    return factor


def _reach(scale: str) -> int:
    return round(_REACH * _factor("registered_mean", scale))


SYSTEMS = {"bicubic_frame": bicubic_frame, "registered_mean": registered_mean}
