from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, PReLU, TransposedConv, check_channels, torch_kernel
from imaging_jax.models.multi_frame.roles import MultiFrameNetwork, there
from imaging_jax.operators import resize

_REFERENCE_OF = 9


class HighResNet(MultiFrameNetwork):
    """HighRes-net: views beside a reference, encoded alike and fused two by two until one is left.

    The reference is the median of the first nine views that are there, or of all where none is.
    Views that aren't there fill up their number to a power of two; the first half is fused with the
    second in reversed order.
    With the defaults, 591,818 parameters; of three channels with ``scale=2`` and
    ``additional_scaling=1.039``, 594,252, of twelve channels given and three made, 604,620.

    Attributes:
        channels: of a view.
        channels_out: of the result; 0 for as many as a view has.
        scale: enlargement of the transposed convolution.
        features: width of the convolutions.
        blocks: residual blocks of the encoder.
        additional_scaling: a bicubic enlargement behind the transposed convolution, with which a
            sigmoid ends the network; 1 for neither.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on views of other channels.

    Source: Deudon et al., "HighRes-net: Recursive Fusion for Multi-Frame Super-Resolution of
    Satellite Imagery", 2020; Razzak et al., "Multi-spectral multi-image super-resolution of
    Sentinel-2 with radiometric consistency losses and its effect on building delineation", ISPRS J.
    Photogramm. Remote Sens. 195, 2023 (several channels, additional scaling).
    """

    channels: int = 1
    channels_out: int = 0
    scale: int = 3
    features: int = 64
    blocks: int = 2
    additional_scaling: float = 1.0
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, frames: jax.Array, clear: jax.Array, train: bool = False) -> jax.Array:
        """Maps views ``(N, T, h, w, channels)`` to images ``(N, H, W, channels_out)``.

        Args:
            frames: in [0, 1].
            clear: ``(N, T, h, w, 1)``: a view without a clear pixel isn't there.
            train: changes nothing.
        """
        check_channels(frames, self.channels, "HighResNet")
        views = frames.shape[1]
        missing = [(0, 0), (0, 2 ** (views - 1).bit_length() - views), (0, 0), (0, 0), (0, 0)]
        frames, clear = jnp.pad(frames, missing), jnp.pad(clear, missing)
        alphas = there(clear)
        reference = lower_median(frames[:, :_REFERENCE_OF], alphas[:, :_REFERENCE_OF])
        pairs = jnp.concatenate([frames, jnp.broadcast_to(reference, frames.shape)], axis=-1)
        y = self._encoded(pairs.reshape(-1, *pairs.shape[2:]))
        y = self._fused(y.reshape(*frames.shape[:2], *y.shape[1:]), alphas)
        y = self._decoded(y)
        if self.additional_scaling == 1.0:
            return y.astype(jnp.float32)
        return nn.sigmoid(y.astype(jnp.float32))

    def _encoded(self, x):
        y = self._conv(self.features, "encode")(x)
        y = PReLU(shared=True, name="encode_prelu")(y)
        for index in range(self.blocks):
            y = PReLUBlock(name=f"block{index + 1}", **self._settings())(y)
        return self._conv(self.features, "encoded")(y)

    def _fused(self, y, alphas):
        """Fuses states ``(N, T, h, w, features)`` of views that are there by ``(N, T)``."""
        fuse = Fusion(name="fuse", **self._settings())
        while y.shape[1] > 1:
            half = y.shape[1] // 2
            first, second = y[:, :half], y[:, half:][:, ::-1]
            shares = alphas[:, half:][:, ::-1, None, None, None]
            pairs = jnp.concatenate([first, second], axis=-1)
            fused = fuse(pairs.reshape(-1, *pairs.shape[2:])).reshape(first.shape)
            y = first + shares.astype(y.dtype) * fused
            alphas = alphas[:, :half]
        return y[:, 0]

    def _decoded(self, y):
        y = TransposedConv(
            self.features,
            kernel_size=3,
            stride=self.scale,
            crop=(0, 0),
            use_bias=True,
            kernel_init=torch_kernel,
            name="enlarge",
            **self._settings(),
        )(y)
        y = PReLU(shared=True, name="enlarge_prelu")(y)
        if self.additional_scaling != 1.0:
            shape = tuple(int(side * self.additional_scaling) for side in y.shape[1:3])
            y = resize(y, shape=shape, antialias=False)
        return self._conv(self.channels_out or self.channels, "tail", (1, 1))(y)

    def _conv(self, features, name, kernel_size=(3, 3)):
        return Conv(features, kernel_size, kernel_init=torch_kernel, name=name, **self._settings())

    def _settings(self):
        return {"dtype": self.dtype, "precision": self.precision}


class PReLUBlock(nn.Module):
    """``x`` + two 3x3 convolutions, each with a parametric ReLU behind it.

    Attributes:
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.
    """

    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(N, H, W, C)`` to the same shape."""
        settings = {"dtype": self.dtype, "precision": self.precision}
        y = x
        for index in (1, 2):
            y = Conv(
                x.shape[-1], (3, 3), kernel_init=torch_kernel, name=f"conv{index}", **settings
            )(y)
            y = PReLU(shared=True, name=f"prelu{index}")(y)
        return x + y


class Fusion(nn.Module):
    """Makes one state of two, side by side: a residual block, and a convolution of half the width.

    Attributes:
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.
    """

    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, pairs: jax.Array) -> jax.Array:
        """Maps ``(N, H, W, 2 features)`` to ``(N, H, W, features)``."""
        settings = {"dtype": self.dtype, "precision": self.precision}
        y = PReLUBlock(name="block", **settings)(pairs)
        features = pairs.shape[-1] // 2
        y = Conv(features, (3, 3), kernel_init=torch_kernel, name="conv", **settings)(y)
        return PReLU(shared=True, name="prelu")(y)


def lower_median(frames: jax.Array, shares: jax.Array) -> jax.Array:
    """The median over frames that are there, of an even number the lower of the middle two.

    Where none is there, it is that of all.

    Args:
        frames: ``(N, T, H, W, C)``.
        shares: ``(N, T)``, 1 for frames that are there.

    Returns:
        ``(N, 1, H, W, C)``.
    """
    counted = (shares > 0) | ~jnp.any(shares > 0, axis=1, keepdims=True)
    ordered = jnp.sort(jnp.where(counted[:, :, None, None, None], frames, jnp.inf), axis=1)
    middle = (jnp.sum(counted, axis=1) - 1) // 2
    return jnp.take_along_axis(ordered, middle[:, None, None, None, None], axis=1)
