"""Variables that networks are compared with their second writings on."""

import jax
import jax.numpy as jnp
import numpy as np


def drawn_like(shapes, generator, low=0.5, high=1.5):
    """Variables of these shapes: kernels keep the size of what passes.

    What is neither kernel, bias nor mean, as slopes and variances, is positive, from low to high.
    """

    def draw(path, leaf):
        kind, value = path[-1].key, generator.uniform(low, high, leaf.shape)
        if kind == "kernel":
            value = generator.standard_normal(leaf.shape) * np.prod(leaf.shape[:-1]) ** -0.5
        elif kind in ("bias", "mean"):
            value = 0.3 * generator.standard_normal(leaf.shape)
        return jnp.asarray(value, jnp.float32)

    return jax.tree_util.tree_map_with_path(draw, shapes)
