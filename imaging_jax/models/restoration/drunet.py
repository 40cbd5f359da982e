from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, check_channels
from imaging_jax.transforms import depth_to_space, space_to_depth


class DRUNet(nn.Module):
    """DRUNet: a U-Net of residual blocks without biases or norms, told the level of noise.

    Without biases it is homogeneous: twice the image and the level give twice the answer, which
    carries it to levels that it never saw. 32,638,656 parameters for grey images, 32,640,960 for
    colours. Images are continued by their last row and column to a multiple of 8, or of what the
    number of scales asks for. Strided and transposed 2x2 convolutions are 1x1 ones on rearranged
    pixels. Kernels start orthogonal, at a fifth of the norm.

    Attributes:
        channels: image channels.
        features: width at each scale, from fine to coarse.
        blocks: residual blocks at each scale, on the way down and up.
        residual: the output is added to the image, which takes minutes to train rather than days;
            the paper predicts the image itself.
        noise_map: the network is told the level of noise; without, it serves one degradation.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another number of channels.

    Source: Zhang, Li, Zuo, Zhang, Van Gool, Timofte, "Plug-and-Play Image Restoration with Deep
    Denoiser Prior", IEEE TPAMI 2022, section 3.1.
    """

    channels: int = 1
    features: tuple[int, ...] = (64, 128, 256, 512)
    blocks: int = 4
    residual: bool = False
    noise_map: bool = True
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @property
    def takes(self) -> tuple[str, ...]:
        """What the call takes: the level of noise only with `noise_map`."""
        return ("image", "sigma") if self.noise_map else ("image",)

    @nn.compact
    def __call__(
        self, x: jax.Array, sigma: jax.Array | None = None, train: bool = False
    ) -> jax.Array:
        """Restores images.

        Args:
            x: ``(..., H, W, channels)`` in [0, 1].
            sigma: with `noise_map`, the noise's standard deviation on the scale of ``x``: a number,
                or an array that broadcasts against ``(..., H, W, 1)``.
            train: changes nothing.
        """
        check_channels(x, self.channels, "DRUNet")
        if (sigma is None) == self.noise_map:
            raise ValueError(f"DRUNet: noise_map={self.noise_map}, but sigma is {sigma}")
        height, width = x.shape[-3:-1]
        y = x
        if self.noise_map:
            level = jnp.broadcast_to(jnp.asarray(sigma, x.dtype), (*x.shape[:-1], 1))
            y = jnp.concatenate([x, level], axis=-1)
        multiple = 2 ** (len(self.features) - 1)
        margins = [(0, 0)] * (x.ndim - 3) + [
            (0, -height % multiple),
            (0, -width % multiple),
            (0, 0),
        ]
        y = self._conv(self.features[0], 3, "head")(jnp.pad(y, margins, mode="edge"))
        skips = [y]
        for index, features in enumerate(self.features[1:], start=1):
            y = space_to_depth(self._residual_blocks(y, f"down{index}"), 2)
            y = self._conv(features, 1, f"strided{index}")(y)
            skips.append(y)
        y = self._residual_blocks(y, "body")
        for index in range(len(self.features) - 1, 0, -1):
            y = self._conv(4 * self.features[index - 1], 1, f"transposed{index}")(y + skips[index])
            y = self._residual_blocks(depth_to_space(y, 2), f"up{index}")
        y = self._conv(self.channels, 3, "tail")(y + skips[0])
        y = y.astype(x.dtype)[..., :height, :width, :]
        return x + y if self.residual else y

    def _residual_blocks(self, y, name):
        features = y.shape[-1]
        for index in range(1, self.blocks + 1):
            residual = nn.relu(self._conv(features, 3, f"{name}_block{index}_conv1")(y))
            y = y + self._conv(features, 3, f"{name}_block{index}_conv2")(residual)
        return y

    def _conv(self, features, size, name):
        return Conv(
            features,
            (size, size),
            use_bias=False,
            kernel_init=nn.initializers.orthogonal(0.2),
            dtype=self.dtype,
            precision=self.precision,
            name=name,
        )
