import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.typing import Initializer

torch_kernel = nn.initializers.variance_scaling(1 / 3, "fan_in", "uniform")
"""Kernels uniform in ±1/sqrt(fan_in), the default of Torch, with which EDSR and its kin train."""

KERNEL_INITS: dict[str, Initializer] = {
    "he": nn.initializers.he_normal(),
    "lecun": nn.initializers.lecun_normal(),
    "xavier": nn.initializers.xavier_normal(),
}
"""Truncated normals of variance 2 / fan_in, 1 / fan_in and 2 / (fan_in + fan_out), by name."""


def fan_in_uniform(fan_in: int) -> Callable[..., jax.Array]:
    """Returns an initialiser uniform in ±1/sqrt(fan_in).

    It is Torch's default for biases, whose shape alone does not tell the fan-in of their kernel.

    Args:
        fan_in: kernel height x kernel width x input channels of the convolution.
    """
    bound = 1 / math.sqrt(fan_in)

    def initialise(key, shape, dtype=jnp.float32):
        return jax.random.uniform(key, shape, dtype, minval=-bound, maxval=bound)

    return initialise


def normal_around_one(std: float) -> Callable[..., jax.Array]:
    """Returns an initialiser N(1, std²), with which DCGAN's batch norms scale."""

    def initialise(key, shape, dtype=jnp.float32):
        return 1 + std * jax.random.normal(key, shape, dtype)

    return initialise
