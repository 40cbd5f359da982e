"""Images described without training, and codes of any system made bits."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.transforms import DESCRIPTORS, Hashing, itq, lsh, pca_hashing
from train.config.registry import look_up
from train.data.data_sets import data_set
from train.data.fields import PICTURE, Field
from train.systems.system import Origin, System

HASHINGS: dict[str, Callable[..., Hashing]] = {"itq": itq, "lsh": lsh, "pca_sign": pca_hashing}
# Pixels that are described at once: Gabor filters take forty times as many complex numbers.
_PIXELS = 2**21


def images_at_once(shape: tuple[int, ...]) -> int:
    """How many images (H, W, C) are described together, so that memory stays bounded."""
    return max(1, min(1_000, _PIXELS // (shape[0] * shape[1])))


def descriptor(name: str) -> System:
    """A descriptor of `imaging_jax.transforms.DESCRIPTORS`, by name.

    Raises:
      ValueError: an unknown name.
    """
    describe = jax.jit(look_up(DESCRIPTORS, name, "descriptor:"))

    def apply(inputs):
        images = np.asarray(inputs["image"], np.float32)
        return {"codes": in_chunks(lambda x: describe(jnp.asarray(x)), images)}

    gives = {"codes": Field((None,), "float32", "latent")}
    return System("descriptor", name, apply, Origin("fitted"), {"image": PICTURE}, gives)


def in_chunks(describe: Callable[[np.ndarray], Any], images: np.ndarray) -> np.ndarray:
    """Codes (N, D) of images (N, H, W, C), so many at a time as `images_at_once` says."""
    chunk = images_at_once(images.shape[1:])
    parts = [
        np.asarray(describe(images[start : start + chunk]))
        for start in range(0, len(images), chunk)
    ]
    return np.concatenate(parts)


def hashed(kind: str, open_system: Callable[[str], System], bits: str, others: str) -> System:
    """Codes of a system as bits, -1 and 1, by a hashing fitted to a set.

    Args:
      kind: a name of HASHINGS.
      open_system: opens the system.
      bits: of a code.
      others: "<system>@<set>": what gives codes of images, and what the hashing is fitted to.

    Raises:
      ValueError: no number of bits that the codes have, or a system that gives none.
    """
    name = f"{kind}:{bits}:{others}"
    encoder, at, images = others.partition("@")
    if not bits.isdigit() or not at:
        raise ValueError(f"{name}: wanted {kind}:<bits>:<system>@<set>")
    found = open_system(encoder)
    if "codes" not in found.gives:
        raise ValueError(f"{name}: {encoder} gives {', '.join(found.gives)}, wanted codes")
    fitted = data_set(images)
    fitted.check_one_size()
    images_of = fitted.floats("image")
    codes = in_chunks(lambda x: found.apply({"image": x})["codes"], images_of).astype(np.float64)
    try:
        hashing = HASHINGS[kind](codes, int(bits))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None

    def apply(inputs):
        own = np.asarray(found.apply(inputs)["codes"], np.float64)
        return {"codes": np.where(np.asarray(hashing.bits(own)), 1.0, -1.0)}

    gives = {"codes": Field((int(bits),), "float64", "latent")}
    weights = f"{bits}_of_{found.weights}_by_{images}"
    return System(kind, weights, apply, found.origin, found.takes, gives)
