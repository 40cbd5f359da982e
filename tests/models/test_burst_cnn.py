import jax
import jax.numpy as jnp

from imaging_jax.models.restoration import BurstCNN


def test_parameters_are_those_of_the_layers():
    # Three frames of three colours and their masks are twelve planes.
    layers = [9 * 12 * 32 + 32, *[9 * 32 * 32 + 32] * 4, 9 * 32 * 3 + 3]
    shapes = jax.eval_shape(
        BurstCNN().init, jax.random.key(0), jnp.zeros((1, 3, 8, 9, 3)), jnp.ones((1, 3))
    )
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == sum(layers) == 41_347
