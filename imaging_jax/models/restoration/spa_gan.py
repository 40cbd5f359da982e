from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, batch_norm, check_channels

_STD = 0.02
_KERNEL_INIT = nn.initializers.normal(_STD)
# An axis, and whether the neighbour stands behind on it: from above, the right, below, the left.
_DIRECTIONS = ((-3, False), (-2, True), (-3, True), (-2, False))
_HALVINGS = 4


class SPANet(nn.Module):
    """SpA-GAN's generator: residual blocks under a map of spatial attention remove clouds.

    203,072 parameters. The published code counts 219,300: the 16,228 others, a 3x3 convolution
    and a branch that weighs the four directions, never reach its output and are left out. One
    attention module serves four groups of three blocks; the last map, ``(..., H, W, 1)`` in
    (0, 1), which the authors' training compares with the mask of the clouds, is sown into
    "intermediates" as "attention_map". Kernels start as N(0, 0.02²).

    Attributes:
        channels: image channels; red, green, blue where there are three.
        features: width of all hidden layers.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another number of channels.

    Source: Pan, "Cloud Removal for Remote Sensing Imagery via Spatial Attention Generative
    Adversarial Network", arXiv 2009.13015, 2020, as published in
    github.com/Penn000/SpA-GAN_for_cloud_removal, models/gen/SPANet.py.
    """

    channels: int = 3
    features: int = 32
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Removes clouds of ``(..., H, W, channels)`` in [0, 1]; ``train`` changes nothing."""
        check_channels(x, self.channels, "SPANet")
        settings = {"dtype": self.dtype, "precision": self.precision}
        conv = partial(
            Conv, kernel_size=(3, 3), use_bias=False, kernel_init=_KERNEL_INIT, **settings
        )
        blocks = [
            _Bottleneck(self.features, name=f"block{index}", **settings) for index in range(1, 18)
        ]
        attend = _SpatialAttention(self.features, name="attention", **settings)
        y = nn.relu(conv(self.features, name="head")(x))
        for block in blocks[:3]:
            y = nn.relu(block(y) + y)
        for start in range(3, 15, 3):
            attention = attend(y)
            for block in blocks[start : start + 3]:
                y = nn.relu(block(y) * attention + y)
        self.sow("intermediates", "attention_map", attention)
        for block in blocks[15:]:
            y = nn.relu(block(y) + y)
        return conv(self.channels, name="tail")(y).astype(x.dtype)


class SpAGANDiscriminator(nn.Module):
    """SpA-GAN's discriminator: judges patches of a candidate beside the cloudy image.

    A 4x4 convolution of stride 2 for each image, three on both with batch norm, a 3x3 one to the
    logits; LeakyReLU of slope 0.2. 2,762,945 parameters. Kernels start as N(0, 0.02²), the norms'
    scales as N(1, 0.02²).

    Attributes:
        channels: of either image.
        features: width of the first layer of either image.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions.

    Source: as `SPANet`, models/dis/dis.py.
    """

    channels: int = 3
    features: int = 32
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image", "candidate")

    @nn.compact
    def __call__(self, x: jax.Array, candidate: jax.Array, train: bool = False) -> jax.Array:
        """Judges candidates.

        Args:
            x: the cloudy images, ``(N, H, W, channels)`` in [0, 1], of 16 pixels a side at least.
            candidate: clear images, likewise, taken or made by the generator.
            train: take the batch's statistics.

        Returns:
            ``(N, H // 16, W // 16)`` logits, float32, large for what looks taken.

        Raises:
            ValueError: on another number of channels, candidates of another shape, or smaller
                images.
        """
        check_channels(x, self.channels, "SpAGANDiscriminator")
        if candidate.shape != x.shape:
            raise ValueError(
                f"SpAGANDiscriminator: candidate must have the shape of x, {x.shape}, "
                f"got {candidate.shape}"
            )
        if min(x.shape[-3:-1]) < 2**_HALVINGS:
            raise ValueError(
                f"SpAGANDiscriminator: x must have {2**_HALVINGS} pixels a side at least, "
                f"got {x.shape}"
            )
        conv = partial(Conv, kernel_init=_KERNEL_INIT, precision=self.precision)
        halve = partial(conv, kernel_size=(4, 4), strides=2, padding=1, dtype=self.dtype)
        both = [
            halve(self.features, name="image")(x),
            halve(self.features, name="candidate")(candidate),
        ]
        y = nn.leaky_relu(jnp.concatenate(both, axis=-1), 0.2)
        for level in range(1, _HALVINGS):
            y = halve(2 ** (level + 1) * self.features, name=f"conv{level}")(y)
            y = batch_norm(y, train, f"norm{level}", scale_std=_STD, dtype=self.dtype)
            y = nn.leaky_relu(y, 0.2)
        return conv(1, kernel_size=(3, 3), name=f"conv{_HALVINGS}")(y.astype(jnp.float32))[..., 0]


class _Bottleneck(nn.Module):
    """1x1, dilated 3x3 and 1x1 convolutions without biases, ReLUs between them."""

    features: int
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x):
        conv = partial(
            Conv,
            self.features,
            use_bias=False,
            kernel_init=_KERNEL_INIT,
            dtype=self.dtype,
            precision=self.precision,
        )
        y = nn.relu(conv((1, 1), name="conv1")(x))
        y = nn.relu(conv((3, 3), kernel_dilation=2, name="conv2")(y))
        return conv((1, 1), name="conv3")(y)


class _SpatialAttention(nn.Module):
    """``(..., H, W, features)`` to ``(..., H, W, 1)`` in (0, 1), by two rounds of neighbours."""

    features: int
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x):
        conv = partial(
            Conv,
            kernel_size=(1, 1),
            kernel_init=_KERNEL_INIT,
            dtype=self.dtype,
            precision=self.precision,
        )
        y = conv(self.features, name="conv1")(x)
        y = conv(self.features, name="conv2")(_FourDirections(name="round1")(y))
        y = nn.relu(conv(self.features, name="conv3")(_FourDirections(name="round2")(y)))
        return nn.sigmoid(conv(1, use_bias=False, name="conv4")(y))


class _FourDirections(nn.Module):
    """Each pixel with its weighted neighbour of each direction, ``(..., C)`` to ``(..., 4 C)``.

    Where there is no neighbour, the pixel stays as it is, without ReLU.
    """

    @nn.compact
    def __call__(self, x):
        shape = (len(_DIRECTIONS), x.shape[-1])
        weights = self.param("weights", _KERNEL_INIT, shape).astype(x.dtype)
        biases = self.param("biases", nn.initializers.zeros, shape).astype(x.dtype)
        parts = [
            _with_neighbour(x, weight * x + bias, axis, behind)
            for weight, bias, (axis, behind) in zip(weights, biases, _DIRECTIONS, strict=True)
        ]
        return jnp.concatenate(parts, axis=-1)


def _with_neighbour(x, weighted, axis, behind):
    cut = partial(jax.lax.slice_in_dim, axis=axis)
    size = x.shape[axis]
    if behind:
        parts = [nn.relu(cut(weighted, 1, size) + cut(x, 0, size - 1)), cut(x, size - 1, size)]
    else:
        parts = [cut(x, 0, 1), nn.relu(cut(weighted, 0, size - 1) + cut(x, 1, size))]
    return jnp.concatenate(parts, axis=axis)
