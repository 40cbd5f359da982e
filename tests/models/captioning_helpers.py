"""Small captioners of grids, and their second writings, that several tests use."""

from functools import cache, partial

import jax
import numpy as np

from imaging_jax.models.captioning import (
    START,
    ShowAndTell,
    ShowAttendAndTell,
    TransformerCaptioner,
)
from tests.models import captioning_numpy

GRID = (2, 3, 4)
SHARED = {"vocabulary_size": 9, "length": 6, "image_shape": GRID, "dropout": 0.0}
SMALL = {
    "show_and_tell": (ShowAndTell, {"embedding": 5, "hidden": 6}),
    "show_attend_and_tell": (ShowAttendAndTell, {"embedding": 5, "hidden": 6, "scored": 7}),
    "transformer": (TransformerCaptioner, {"width": 6, "depth": 2, "heads": 3, "hidden": 8}),
}
SECOND = {
    "show_and_tell": captioning_numpy.show_and_tell,
    "show_attend_and_tell": captioning_numpy.show_attend_and_tell,
    "transformer": lambda *arguments: captioning_numpy.transformer(*arguments, heads=3),
}


@partial(jax.jit, static_argnums=0)
def applied(network, variables, images, tokens):
    return network.apply(variables, images, tokens)


def made(name, **changes):
    module, values = SMALL[name]
    return module(**{**SHARED, **values, **changes})


def spread(variables):
    """As initialised, but for every leaf away from 0 and wider, so that words differ."""
    leaves, tree = jax.tree.flatten(variables)
    keys = jax.random.split(jax.random.key(7), len(leaves))
    wide = [
        leaf + 0.6 * jax.random.normal(key, leaf.shape)
        for leaf, key in zip(leaves, keys, strict=True)
    ]
    return jax.tree.unflatten(tree, wide)


@cache
def small_of(name):
    """Its name, a network with variables, three grids and as many sentences."""
    network = made(name)
    images = jax.random.uniform(jax.random.key(1), (3, *GRID))
    tokens = jax.random.randint(jax.random.key(2), (3, 5), 4, 9).at[:, 0].set(START)
    variables = spread(jax.jit(network.init)(jax.random.key(0), images, tokens))
    return name, network, variables, images, tokens


def in_double(variables):
    """Parameters for the second writing."""
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), variables["params"])
