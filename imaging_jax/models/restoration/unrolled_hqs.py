from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, check_channels
from imaging_jax.transforms import depth_to_space, space_to_depth


class UnrolledHQS(nn.Module):
    """Half-quadratic splitting unrolled: small networks in turns with the operator's data step.

    Each stage adds what a few convolutions on the four half-size sub-images predict, then all but
    the last take ``argmin_x |A x - y|² + rho |x - z|²`` with a rho of their own that is learned, so
    that a network for an operator needs no weights to invert it. The defaults have 104,184
    parameters for grey images. Kernels start He normal, the last of each stage near zero.

    Attributes:
        channels: image channels.
        stages: how often the networks take their turn, at least 1.
        depth: convolutions of each, at least 2.
        features: width of the hidden layers.
        rho: where the penalties start.
        dtype: type of computation of the convolutions; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another number of channels, or too few stages or layers.

    Source: Zhang, Van Gool, Timofte, "Deep Unfolding Network for Image Super-Resolution", CVPR
    2020, equations 5 and 6, with a network of its own at each stage, on sub-images as FFDNet's.
    """

    channels: int = 1
    stages: int = 5
    depth: int = 4
    features: int = 32
    rho: float = 0.01
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image", "data_step")

    @nn.compact
    def __call__(
        self,
        x: jax.Array,
        data_step: Callable[[jax.Array, jax.Array], jax.Array],
        train: bool = False,
    ) -> jax.Array:
        """Restores images.

        Args:
            x: a first estimate ``(..., H, W, channels)`` in [0, 1].
            data_step: ``(z, rho) -> argmin_x |A x - y|² + rho |x - z|²``.
            train: changes nothing.
        """
        check_channels(x, self.channels, "UnrolledHQS")
        if self.stages < 1 or self.depth < 2:
            raise ValueError(
                f"stages must be at least 1 and depth 2, got {self.stages} and {self.depth}"
            )
        for stage in range(1, self.stages + 1):
            x = x + self._prior(x, f"stage{stage}")
            if stage < self.stages:
                start = nn.initializers.constant(jnp.log(self.rho))
                x = data_step(x, jnp.exp(self.param(f"log_rho{stage}", start, ())))
        return x

    def _prior(self, x, name):
        conv = partial(Conv, kernel_size=(3, 3), dtype=self.dtype, precision=self.precision)
        height, width = x.shape[-3:-1]
        even = [(0, 0)] * (x.ndim - 3) + [(0, height % 2), (0, width % 2), (0, 0)]
        y = space_to_depth(jnp.pad(x, even, mode="edge"), 2)
        for index in range(1, self.depth):
            he = nn.initializers.he_normal()
            y = nn.relu(conv(self.features, kernel_init=he, name=f"{name}_conv{index}")(y))
        small = nn.initializers.variance_scaling(1e-2, "fan_in", "normal")
        y = conv(4 * self.channels, kernel_init=small, name=f"{name}_conv{self.depth}")(y)
        return depth_to_space(y.astype(x.dtype), 2)[..., :height, :width, :]
