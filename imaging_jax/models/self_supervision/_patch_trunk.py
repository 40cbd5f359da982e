from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, batch_norm, local_response_norm

KERNEL_INIT = nn.initializers.xavier_uniform()


class PatchTrunk(nn.Module):
    """The five convolutions of AlexNet, pooled behind the first, second and fifth.

    Attributes:
        widths: channels of the convolutions.
        kernel_size: of the first.
        stride: of the first.
        padding: of the first.
        groups: of the second, fourth and fifth.
        normalized: a batch norm without scale and offset behind the third, fourth and fifth.
        pools_borders: poolings round sides up, as Caffe does, instead of down.
        model: whose it is, for messages.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on patches of which the poolings leave nothing.

    Source: Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks", NIPS 2012, section 3.5.
    """

    widths: tuple[int, ...]
    kernel_size: int
    stride: int
    padding: int
    groups: int
    normalized: bool
    pools_borders: bool
    model: str
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        """Maps patches ``(N, H, W, C)`` to maps ``(N, h, w, widths[-1])``."""
        shape = x.shape
        layers = [
            (self.kernel_size, self.stride, self.padding, 1),
            (5, 1, 2, self.groups),
            (3, 1, 1, 1),
            (3, 1, 1, self.groups),
            (3, 1, 1, self.groups),
        ]
        for index, (size, stride, padding, groups) in enumerate(layers, 1):
            x = Conv(
                self.widths[index - 1],
                (size, size),
                strides=stride,
                padding=padding,
                feature_group_count=groups,
                kernel_init=KERNEL_INIT,
                dtype=self.dtype,
                precision=self.precision,
                name=f"conv{index}",
            )(x)
            if self.normalized and index > 2:
                x = batch_norm(x, train, f"norm{index}", affine=False, dtype=self.dtype)
            x = nn.relu(x)
            if index in (1, 2, 5):
                after = int(self.pools_borders)
                if min(x.shape[1:3]) + after < 3:
                    raise ValueError(
                        f"{self.model}: of patches {shape[1:]} convolution {index} leaves "
                        f"{x.shape[1]}x{x.shape[2]}, which is less than a pooling takes"
                    )
                x = nn.max_pool(x, (3, 3), (2, 2), ((0, after), (0, after)))
            if index in (1, 2):
                x = local_response_norm(x)
        return x
