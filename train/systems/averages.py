"""Frames averaged: what every network on bursts, or on several dates, must beat."""

import jax.numpy as jnp

from train.data.bursts import fields_of_bursts
from train.data.fields import PICTURE, pictures
from train.systems.system import Origin, System


def frame_average() -> System:
    """The mean of the frames that are there."""

    def apply(inputs):
        frames = jnp.asarray(inputs["frames"])
        there = jnp.asarray(inputs["mask"])[:, :, None, None, None]
        mean = jnp.sum(there * frames, axis=1) / jnp.sum(there, axis=1)
        return {"image": jnp.clip(mean, 0.0, 1.0)}

    fields = fields_of_bursts(None)
    takes = {name: fields[name] for name in ("frames", "mask")}
    gives = {"image": fields["image"]}
    return System("frame_average", "none", apply, Origin("interpolation"), takes, gives)


def temporal_median() -> System:
    """The median of the dates at each pixel and channel, in [0, 1]."""

    def apply(inputs, scale=1):
        del scale
        return {"image": jnp.clip(jnp.median(jnp.asarray(inputs["frames"]), axis=1), 0.0, 1.0)}

    takes, gives = {"frames": pictures(None, None)}, {"image": PICTURE}
    origin, options = Origin("interpolation"), {"scale": (1,)}
    return System("temporal_median", "none", apply, origin, takes, gives, options)
