from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, check_at_least, check_channels
from imaging_jax.transforms import depth_to_space, space_to_depth


class FFDNet(nn.Module):
    """FFDNet: convolutions on the four half-size sub-images and a map of the noise level.

    The defaults are the network for grey images (485,316 parameters); that for colours has 3
    channels, depth 12 and 96 features (852,108). Images of odd size are continued by their last
    row and column. Kernels start orthogonal.

    Attributes:
        channels: image channels.
        depth: number of convolutions, at least 2.
        features: width of the hidden layers.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another number of channels, or a depth below 2.

    Source: Zhang, Zuo, Zhang, "FFDNet: Toward a Fast and Flexible Solution for CNN based Image
    Denoising", IEEE TIP 2018, section III.
    """

    channels: int = 1
    depth: int = 15
    features: int = 64
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image", "sigma")

    @nn.compact
    def __call__(self, x: jax.Array, sigma: jax.Array, train: bool = False) -> jax.Array:
        """Denoises images of a known noise level.

        Args:
            x: ``(..., H, W, channels)`` in [0, 1].
            sigma: standard deviation of the noise on the scale of ``x``: a number, or an array
                that broadcasts against ``(..., ceil(H / 2), ceil(W / 2), 1)``.
            train: changes nothing.
        """
        check_channels(x, self.channels, "FFDNet")
        check_at_least(2, "FFDNet", depth=self.depth)
        height, width = x.shape[-3:-1]
        even = [(0, 0)] * (x.ndim - 3) + [(0, height % 2), (0, width % 2), (0, 0)]
        y = space_to_depth(jnp.pad(x, even, mode="edge"), 2)
        noise_map = jnp.broadcast_to(jnp.asarray(sigma, x.dtype), (*y.shape[:-1], 1))
        y = jnp.concatenate([y, noise_map], axis=-1)
        conv = partial(
            Conv,
            kernel_size=(3, 3),
            kernel_init=nn.initializers.orthogonal(),
            dtype=self.dtype,
            precision=self.precision,
        )
        for index in range(1, self.depth):
            y = nn.relu(conv(self.features, name=f"conv{index}")(y))
        y = conv(4 * self.channels, name=f"conv{self.depth}")(y).astype(x.dtype)
        return depth_to_space(y, 2)[..., :height, :width, :]
