from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, convolve_volumes, instance_norm
from imaging_jax.models.multi_frame._shifts import displaced
from imaging_jax.models.multi_frame.roles import MultiFrameNetwork, check_odd, first_of
from imaging_jax.operators import resize

_SLOPE = 0.2
_EPSILON = 1e-3
_HE = nn.initializers.he_normal()


class DeepSUM(MultiFrameNetwork):
    """DeepSUM: features of enlarged frames, moved upon each other, filled and fused.

    Every frame is enlarged bicubically, described by the same convolutions, and moved upon the
    first by a filter that is predicted of the pair. What clouds hide is filled by the first frame
    that is clear there; 3x3x3 convolutions correct the mean of all. With the defaults, 1,045,330
    parameters.

    Attributes:
        scale: enlargement.
        frames: how many of those given are taken; again from the first where fewer are clear. An
            odd number.
        features: width of the convolutions.
        depth: convolutions that describe a frame.
        displacement: largest shift of a frame that is undone, in pixels of the result.
        mean: level that is subtracted of every pixel.
        deviation: level by which the difference is divided.
        target_deviation: that of the result.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: an even number of frames, or one below 3.

    Source: Molini, Valsesia, Fracastoro, Magli, "DeepSUM: Deep neural network for Super-resolution
    of Unregistered Multitemporal images", IEEE TGRS 58(5), 2020.
    """

    scale: int = 3
    frames: int = 9
    features: int = 64
    depth: int = 8
    displacement: int = 4
    mean: float = 7754.664 / 65535
    deviation: float = 2316.3408 / 65535
    target_deviation: float = 596.982 / 65535
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    channels: ClassVar[int] = 1
    registered: ClassVar[bool] = True

    @nn.compact
    def __call__(self, frames: jax.Array, clear: jax.Array, train: bool = False) -> jax.Array:
        """Maps frames ``(N, T, h, w, 1)`` to images ``(N, scale h, scale w, 1)``.

        Args:
            frames: in [0, 1], registered.
            clear: ``(N, T, h, w, 1)``, 1 where a pixel is clear.
            train: changes nothing.
        """
        check_odd("DeepSUM", self.frames)
        taken, seen = first_of(frames, clear, self.frames)
        x = resize((taken - self.mean) / self.deviation, self.scale)
        seen = jnp.repeat(jnp.repeat(seen, self.scale, axis=2), self.scale, axis=3)
        y = self._described(x)
        filters = self._filters(y)
        y = jnp.concatenate([y[:, :1], displaced(y[:, 1:], filters.astype(y.dtype))], axis=1)
        x = jnp.concatenate([x[:, :1], displaced(x[:, 1:], filters)], axis=1)
        y, x = _filled(y, seen), _filled(x, seen)
        correction = self._fused(y).astype(jnp.float32)
        mean = jnp.mean(x, axis=1) * (self.deviation / self.target_deviation)
        return ((correction + mean) * self.target_deviation + self.mean).astype(jnp.float32)

    def _described(self, x):
        batch, count = x.shape[:2]
        y = x.reshape(-1, *x.shape[2:])
        for index in range(self.depth):
            y = self._conv(self.features, f"describe{index + 1}")(_mirrored(y))
            norm = instance_norm(y, f"norm{index + 1}", epsilon=_EPSILON, dtype=self.dtype)
            y = nn.leaky_relu(norm, _SLOPE)
        return y.reshape(batch, count, *y.shape[1:])

    def _filters(self, y):
        """Of each frame but the first, the filter that moves it: ``(N, T - 1, k, k)``."""
        batch, others = y.shape[0], y.shape[1] - 1
        first = jnp.broadcast_to(y[:, :1], y[:, 1:].shape)
        pairs = jnp.concatenate([first, y[:, 1:]], axis=-1).reshape(
            -1, *y.shape[2:4], 2 * y.shape[4]
        )
        size = 2 * self.displacement + 1
        widths = (2 * self.features, *(self.features,) * 3)
        for index, width in enumerate(widths):
            pairs = self._conv(width, f"register{index + 1}")(_mirrored(pairs))
            pairs = nn.leaky_relu(pairs, _SLOPE)
        scores = MeanConv(size**2, precision=self.precision, name=f"register{len(widths) + 1}")
        shares = nn.softmax(scores(_mirrored(pairs)))
        return shares.reshape(batch, others, size, size)

    def _fused(self, y):
        """The correction ``(N, H, W, 1)`` of described, registered, filled frames."""
        for index in range(self.frames // 2):
            name = f"fuse{index + 1}"
            shape = (3, 3, 3, y.shape[-1], self.features)
            kernel = self.param(f"{name}_kernel", _HE, shape).astype(self.dtype)
            bias = self.param(f"{name}_bias", nn.initializers.zeros, (self.features,))
            around = [(0, 0), (0, 0), (1, 1), (1, 1), (0, 0)]
            padded = jnp.pad(y, around, mode="reflect")
            valid = {"margin": 0, "padding": "VALID", "precision": self.precision}
            y = convolve_volumes(padded, kernel, **valid) + bias.astype(self.dtype)
            y = instance_norm(y, f"{name}_norm", epsilon=_EPSILON, dtype=self.dtype)
            y = nn.leaky_relu(y, _SLOPE)
        return self._conv(1, "tail", (1, 1))(y[:, 0])

    def _conv(self, features, name, kernel_size=(3, 3)):
        return Conv(
            features,
            kernel_size,
            padding="VALID",
            kernel_init=_HE,
            dtype=self.dtype,
            precision=self.precision,
            name=name,
        )


class MeanConv(nn.Module):
    """The mean over all pixels of a 3x3 convolution, as a product with the means of its windows.

    Attributes:
        features: output channels.
        precision: of the product.
    """

    features: int
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(N, H + 2, W + 2, C)`` to ``(N, features)`` float32."""
        height, width = (side - 2 for side in x.shape[1:3])
        kernel = self.param("kernel", _HE, (3, 3, x.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        windows = [
            jnp.mean(x[:, row : row + height, column : column + width], axis=(1, 2))
            for row in range(3)
            for column in range(3)
        ]
        means = jnp.concatenate(windows, axis=-1).astype(jnp.float32)
        flat = kernel.reshape(-1, self.features)
        return jnp.matmul(means, flat, precision=self.precision) + bias


def _mirrored(x: jax.Array) -> jax.Array:
    return jnp.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], mode="reflect")


def _filled(x: jax.Array, seen: jax.Array) -> jax.Array:
    """Frames ``(N, T, H, W, C)`` with hidden pixels of the first frame that is clear there."""
    frame = jnp.arange(x.shape[1]).reshape(1, -1, 1, 1, 1)
    first_clear = jnp.argmax(seen > 0, axis=1, keepdims=True)
    # Pixels that no frame shows keep their own value.
    index = jnp.where((seen > 0) | ~jnp.any(seen > 0, axis=1, keepdims=True), frame, first_clear)
    return jnp.take_along_axis(x, index, axis=1)
