from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import (
    BatchNormResidualBlock,
    ChannelMLP,
    Conv,
    PReLU,
    batch_norm,
    check_at_least,
    check_batch,
    check_choice,
)
from imaging_jax.operators import resize
from imaging_jax.transforms import space_to_depth

FUSIONS = ("none", "early", "middle", "attention", "late")


class SRDRN(nn.Module):
    """A super-resolution deep residual network for climate fields, which may be told the terrain.

    An encoder of residual blocks works at low resolution, a decoder repeats pixels and convolves.
    Terrain comes to the coarse grid by `space_to_depth`, so that nothing of it is lost. What is
    predicted is added to the bicubically enlarged field, and starts near 0. 1,299,137 parameters at
    x4 with the defaults, 1,308,353 with "early", 2,540,609 with "middle".

    Attributes:
        scale: enlargement, at least 1.
        fusion: where terrain is heeded: "none", nowhere; "early", beside the field at the input;
            "middle", by an encoder of its own, both joined by a 1x1 convolution; "attention",
            likewise, joined as a · x₁ + (1 - a) · x₂, where a, of each channel, comes of squeeze
            and excitation of both; "late", by a network of its own, whose output is added with
            learnt weights.
        features: width of the hidden layers.
        blocks: residual blocks of an encoder.
        ratio: of the squeeze, of "attention" alone.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another fusion, a scale or a width too small, or terrain that isn't ``scale``
            times as large as the field.

    Source: after Wang, Tian, Lowe, Kalin, Lehrter, "Deep learning for daily precipitation and
    temperature downscaling", Water Resources Research 57(4), 2021, with residual blocks as of
    SRResNet; the gate after Hu, Shen, Sun, CVPR 2018. The skip of the enlarged field, and where
    terrain is fused, are this code base's own.
    """

    scale: int
    fusion: Literal["none", "early", "middle", "attention", "late"] = "none"
    features: int = 64
    blocks: int = 16
    ratio: int = 16
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("coarse", "terrain")

    @nn.compact
    def __call__(self, coarse: jax.Array, terrain: jax.Array, train: bool = False) -> jax.Array:
        """Maps fields ``(N, H, W, 1)`` and terrain to fields ``(N, scale·H, scale·W, 1)``.

        Args:
            coarse: about of mean 0 and deviation 1.
            terrain: ``(N, scale·H, scale·W, 1)`` in [0, 1].
            train: as of `batch_norm`.
        """
        check_choice("SRDRN", "fusion", self.fusion, FUSIONS)
        check_at_least(1, "SRDRN", scale=self.scale, features=self.features, blocks=self.blocks)
        check_batch(coarse, "coarse", (None, None, 1), "SRDRN")
        fine = (self.scale * coarse.shape[1], self.scale * coarse.shape[2], 1)
        check_batch(terrain, "terrain", fine, "SRDRN")
        settings = {"dtype": self.dtype, "precision": self.precision}
        relief = space_to_depth(terrain, self.scale)

        def encode(x, name=""):
            return _Encoder(self.features, self.blocks, name=f"{name}encoder", **settings)(x, train)

        def decode(x, name=""):
            return _Decoder(self.features, self.scale, name=f"{name}decoder", **settings)(x)

        if self.fusion == "none":
            detail = decode(encode(coarse))
        elif self.fusion == "early":
            detail = decode(encode(jnp.concatenate([coarse, relief], axis=-1)))
        elif self.fusion == "late":
            weights = self.param("weights", nn.initializers.constant(0.5), (2,))
            details = [
                decode(encode(x, name), name)
                for x, name in ((coarse, "coarse_"), (relief, "terrain_"))
            ]
            detail = weights[0] * details[0] + weights[1] * details[1]
        else:
            both = [encode(coarse, "coarse_"), encode(relief, "terrain_")]
            detail = decode(self._fused(*both, settings))
        return resize(coarse, self.scale) + detail.astype(coarse.dtype)

    def _fused(self, x1, x2, settings):
        joined = jnp.concatenate([x1, x2], axis=-1)
        if self.fusion == "middle":
            return Conv(self.features, (1, 1), name="fuse", **settings)(joined)
        check_at_least(self.ratio, "SRDRN", features=joined.shape[-1])
        mlp = ChannelMLP(self.ratio, self.features, name="gate", **settings)
        a = nn.sigmoid(mlp(jnp.mean(joined, axis=(-3, -2), keepdims=True)))
        return a * x1 + (1 - a) * x2


class _Encoder(nn.Module):
    """A convolution, residual blocks, and a skip around them."""

    features: int
    blocks: int
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x, train):
        settings = {"dtype": self.dtype, "precision": self.precision}
        head = PReLU(name="prelu")(Conv(self.features, (3, 3), name="head", **settings)(x))
        body = head
        for index in range(self.blocks):
            block = BatchNormResidualBlock(self.features, name=f"block{index + 1}", **settings)
            body = block(body, train)
        body = Conv(self.features, (3, 3), name="body", **settings)(body)
        return head + batch_norm(body, train, "norm", dtype=self.dtype)


class _Decoder(nn.Module):
    """Pixels repeated and convolved for every prime factor of the scale, and a last convolution."""

    features: int
    scale: int
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x):
        settings = {"dtype": self.dtype, "precision": self.precision}
        for index, factor in enumerate(_prime_factors(self.scale)):
            x = jnp.repeat(jnp.repeat(x, factor, axis=-3), factor, axis=-2)
            x = Conv(self.features, (3, 3), name=f"up{index + 1}", **settings)(x)
            x = PReLU(name=f"prelu{index + 1}")(x)
        near_zero = nn.initializers.variance_scaling(1e-4, "fan_in", "normal")
        return Conv(1, (3, 3), kernel_init=near_zero, name="tail", **settings)(x)


def _prime_factors(number: int) -> list[int]:
    factors, divisor = [], 2
    while number > 1:
        while number % divisor == 0:
            factors.append(divisor)
            number //= divisor
        divisor += 1
    return factors
