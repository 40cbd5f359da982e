"""Batches of some images of each of some classes, resident on the device."""

import jax
import jax.numpy as jnp
import numpy as np

from train.data.data_sets import data_set
from train.data.resident import Resident
from train.data.spatial import as_float, to_float


class ClassBatches(Resident):
    """Draws classes, and of each as many images; every image as likely as the others of its class.

    Args:
      images: a set with labels, of one size, see `train.data.data_sets.data_set`.
      batch_size: images a batch, a multiple of the classes.
      kinds: different classes in a batch.

    Raises:
      ValueError: a set without labels, or fewer classes than are drawn.
    """

    def __init__(self, images: str, batch_size: int, kinds: int = 8):
        source = data_set(images)
        if "label" not in source.fields:
            raise ValueError(f"data.images={images!r}: its images have no labels")
        source.check_one_size()
        labels = np.asarray(source.arrays["label"])
        members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        if not 2 <= kinds <= len(members):
            raise ValueError(f"data.kinds={kinds}: {source.name} has {len(members)} classes")
        if batch_size % kinds:
            raise ValueError(f"data.batch_size={batch_size} isn't a multiple of kinds={kinds}")
        self.batch_size, self.assets, self._kinds = batch_size, source.assets, kinds
        self._levels = dict(source.fields)
        self.fields = {name: as_float(field) for name, field in source.fields.items()}
        self.arrays = {
            "items": {name: source.arrays[name] for name in ("image", "label")},
            "order": np.concatenate(members).astype(np.int32),
            "first": np.cumsum([0, *map(len, members[:-1])]).astype(np.int32),
            "count": np.array([len(member) for member in members], np.int32),
        }

    def batch(self, key: jax.Array, inputs: dict) -> dict[str, jax.Array]:
        """Picks {"image": (N, H, W, C) in [0, 1], "label": (N,)}."""
        which, within = jax.random.split(key)
        classes = jax.random.permutation(which, len(inputs["count"]))[: self._kinds]
        classes = jnp.repeat(classes, self.batch_size // self._kinds)
        share = jax.random.uniform(within, (self.batch_size,))
        place = (share * inputs["count"][classes]).astype(jnp.int32)
        index = inputs["order"][inputs["first"][classes] + place]
        return {name: to_float(self._levels[name], x[index]) for name, x in inputs["items"].items()}
