"""What tells the classes of pixels by their grey level alone."""

import jax
import jax.numpy as jnp
import numpy as np

from train.data.data_set import DataSet
from train.data.data_sets import data_set
from train.data.fields import Field
from train.systems.system import Origin, System

_LEVELS = 256
# Of the logits, by which a threshold of 5 % is a grey level half the range away.
_SLOPE = 6.0


def grey_threshold(images: str) -> System:
    """The grey level, and side of it, that tells most pixels of a set's masks apart rightly.

    Logits rise with the distance to it, so that other thresholds of their probability are other
    grey levels.

    Raises:
      ValueError: a set without masks of two classes.
    """
    fitted = data_set(images)
    found = fitted.fields.get("mask")
    if found is None or found.range != (0, 2):
        raise ValueError(f"grey_threshold:{images}: wanted a set with masks of two classes")
    threshold, side = _best(fitted)

    @jax.jit
    def apply(inputs):
        grey = jnp.mean(jnp.asarray(inputs["image"], jnp.float32), axis=-1, keepdims=True)
        return {"logits": side * _SLOPE * (grey - threshold)}

    settings = {"threshold": threshold, "bright": side > 0}
    return System(
        "grey_threshold",
        f"fitted_to_{images}",
        apply,
        Origin("fitted", settings=settings),
        gives={"logits": Field((None, None, 1), "float32", "scores")},
    )


def _best(fitted: DataSet) -> tuple[float, int]:
    """The threshold in [0, 1], and 1 where what is brighter is class 1, else -1."""
    counts = np.zeros((2, _LEVELS), np.int64)
    white = fitted.fields["image"].white
    for index in range(len(fitted)):
        item = fitted[index]
        grey = np.mean(item["image"] / white, axis=-1)
        levels = np.rint((_LEVELS - 1) * grey).astype(int)
        for number in range(2):
            chosen = levels[item["mask"][..., 0] == number]
            counts[number] += np.bincount(chosen, minlength=_LEVELS)
    # By how many levels lie below a threshold: pixels of either class below it.
    below = np.concatenate([np.zeros((2, 1), np.int64), counts.cumsum(axis=1)], axis=1)
    right = below[0] + counts[1].sum() - below[1]
    bright, dark = right, counts.sum() - right
    side = 1 if bright.max() >= dark.max() else -1
    place = int(np.argmax(bright if side > 0 else dark))
    return (place - 0.5) / (_LEVELS - 1), side
