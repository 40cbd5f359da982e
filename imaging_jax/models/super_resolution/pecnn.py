from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, check_at_least, check_channels
from imaging_jax.transforms import depth_to_space

_STEPS = {
    "published": ((0, 0), (0, 0), (0, 1), (1, 0), (0, 0)),
    "corrected": ((0, -1), (-1, 0), (0, 1), (1, 0), (0, 0)),
}


class PECNN(nn.Module):
    """PECNN: a first high-resolution image, looked at again at low resolution, then enhanced.

    Five copies of the first image, four of them shifted by a pixel, are subsampled and fed with
    the features it was made of to a residual network, whose output is added to it. 157,366
    parameters at x3. Kernels start Xavier uniform.

    Attributes:
        scale: enlargement, at least 2; the paper's is 3.
        channels: image channels.
        shifts: "published" keeps two of the shifts as the released code and weights have them:
            they miss the sampled pixels, so that three copies are the same. "corrected" shifts
            these two left and up, against the other two.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another number of channels, a scale below 2 or unknown shifts.

    Source: Jiang, Wang, Yi, Jiang, "A Progressively Enhanced Network for Video Satellite Imagery
    Superresolution", IEEE Signal Processing Letters 25(11), 2018; layers as in the released code.
    """

    scale: int = 3
    channels: int = 3
    shifts: Literal["published", "corrected"] = "published"
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, C)`` in [0, 1] to ``(..., scale·H, scale·W, C)``.

        ``train`` changes nothing.
        """
        check_channels(x, self.channels, "PECNN")
        check_at_least(2, "PECNN", scale=self.scale)
        if self.shifts not in _STEPS:
            raise ValueError(f"shifts must be 'published' or 'corrected', got {self.shifts!r}")
        shuffled = self.channels * self.scale**2

        features = nn.relu(self._convolution(64, 3, "head1")(x))
        features = nn.relu(self._convolution(32, 3, "head2")(features))
        features = nn.relu(self._convolution(shuffled, 3, "head3")(features))
        base = depth_to_space(features, self.scale)

        copies = _subsampled_copies(base, self.scale, _STEPS[self.shifts])
        body = jnp.concatenate([*copies, features], axis=-1)
        body = nn.relu(self._convolution(64, 3, "fuse")(body))
        for number in (1, 2, 3):
            residual = nn.relu(self._convolution(32, 3, f"block{number}_conv1")(body))
            residual = nn.relu(self._convolution(32, 3, f"block{number}_conv2")(residual))
            body = body + nn.relu(self._convolution(64, 1, f"block{number}_conv3")(residual))
        tail = self._convolution(shuffled, 3, "tail")(body)
        return base.astype(x.dtype) + depth_to_space(tail, self.scale).astype(x.dtype)

    def _convolution(self, features, size, name):
        return Conv(
            features,
            (size, size),
            kernel_init=nn.initializers.xavier_uniform(),
            dtype=self.dtype,
            precision=self.precision,
            name=name,
        )


def _subsampled_copies(image, scale, steps):
    """Every scale-th pixel of ``image``, counted from (row, column) for every one of ``steps``.

    The edge is repeated where a step leaves the image.
    """
    height, width = image.shape[-3:-1]
    margins = [(0, 0)] * (image.ndim - 3) + [(1, 1), (1, 1), (0, 0)]
    padded = jnp.pad(image, margins, mode="edge")
    return [
        padded[
            ...,
            1 + row : 1 + row + height : scale,
            1 + column : 1 + column + width : scale,
            :,
        ]
        for row, column in steps
    ]
