import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.generative._style_synthesis import (
    START,
    SYNTHESES,
    leaky_relu,
    side_channels,
    styles_needed,
)
from imaging_jax.models.generative.roles import Discriminator, StyleGenerator
from imaging_jax.models.layers import (
    EqualizedConv,
    EqualizedDense,
    check_at_least,
    check_batch,
    check_choice,
    check_labels,
    check_latent,
    fir_blur,
    fir_downsample,
)

ARCHITECTURES = ("residual", "plain")

_MAPPING_RATE = 0.01
_GROUP = 4


class StyleGAN2Generator(StyleGenerator):
    """StyleGAN2: a mapping network makes styles of a latent vector, a synthesis makes the image.

    The defaults, for 32 pixels, have 749,427 parameters; 1024 pixels with base 32768, 512 channels
    and numbers, and 8 layers of mapping 30,370,060. `mapping` and `synthesis` can be applied on
    their own, so that styles are mixed or averaged outside.

    Noise images come of the stream "noise"; without it each layer has a constant one. Where they
    are added is learnt, from 0.

    Attributes:
        latent: numbers in a latent vector and in a style.
        resolution: height and width of the images, a power of 2 from 8.
        channel_base: layers have channel_base / side channels,
        channel_max: at most.
        mapping_layers: dense layers of the mapping network.
        classes: 0 takes no labels.
        block: "modulated" convolutions, or "adain" as in the first StyleGAN.
        dtype: type of computation; parameters, styles and images are float32.

    Source: Karras, Laine, Aittala, Hellsten, Lehtinen, Aila, "Analyzing and Improving the Image
    Quality of StyleGAN", CVPR 2020; "adain" Karras, Laine, Aila, "A Style-Based Generator
    Architecture for Generative Adversarial Networks", CVPR 2019, figure 1; small configurations of
    Karras et al., "Training Generative Adversarial Networks with Limited Data", NeurIPS 2020.
    """

    latent: int = 128
    resolution: int = 32
    channels: int = 3
    channel_base: int = 1024
    channel_max: int = 128
    mapping_layers: int = 2
    classes: int = 0
    block: str = "modulated"

    @property
    def size(self) -> int:
        """Height and width of the images."""
        return self.resolution

    @property
    def num_ws(self) -> int:
        """Number of styles that steer an image, from coarse to fine."""
        return styles_needed(self.resolution)

    def setup(self):
        """Builds both networks."""
        self._check_fields()
        self.mapping_network = MappingNetwork(self.latent, self.mapping_layers, self.classes)
        self.synthesis_network = SYNTHESES[self.block](
            self.resolution,
            self.channels,
            self.channel_base,
            self.channel_max,
            self.dtype,
            self.precision,
        )

    def _check_fields(self):
        super()._check_fields()
        _check_sizes(self)
        check_choice("StyleGAN2Generator", "block", self.block, SYNTHESES)

    def __call__(
        self,
        z: jax.Array,
        labels: jax.Array | None = None,
        train: bool = False,
        *,
        psi: jax.Array | float = 1.0,
        w_average: jax.Array | None = None,
    ) -> jax.Array:
        """Draws images.

        Args:
            z: ``(N, latent)``, standard normal.
            labels: ``(N,)`` integers below ``classes``, or None.
            train: changes nothing here.
            psi: styles are moved towards their mean by 1 - psi: less variety, better images.
            w_average: ``(latent,)``, that mean, which training tracks.

        Returns:
            ``(N, resolution, resolution, channels)`` in about [-1, 1].

        Raises:
            ValueError: as a `Generator`, or on psi other than 1 without a mean style.
        """
        w = self.mapping(z, labels)
        if w_average is not None:
            w = w_average + psi * (w - w_average)
        elif not isinstance(psi, int | float) or psi != 1:
            raise ValueError(f"StyleGAN2Generator: psi {psi} needs w_average, the mean style")
        return self.synthesis(jnp.broadcast_to(w[:, None], (len(w), self.num_ws, self.latent)))

    def mapping(self, z: jax.Array, labels: jax.Array | None = None) -> jax.Array:
        """Maps latent vectors ``(N, latent)`` and labels ``(N,)`` to styles ``(N, latent)``."""
        check_latent(z, self.latent, "StyleGAN2Generator")
        check_labels(labels, self.classes, len(z), "StyleGAN2Generator")
        return self.mapping_network(z, labels)

    def synthesis(self, ws: jax.Array) -> jax.Array:
        """Draws images of styles ``(N, num_ws, latent)``, the coarse ones first."""
        check_batch(ws, "ws", (self.num_ws, self.latent), "StyleGAN2Generator")
        return self.synthesis_network(ws)


class StyleGAN2Discriminator(Discriminator):
    """StyleGAN2's discriminator: residual blocks, and the deviation within groups of four images.

    The defaults, for 32 pixels, have 871,585 parameters; 1024 pixels with base 32768 and 512
    channels 29,012,513.

    Attributes:
        resolution: height and width of the images, a power of 2 from 8.
        channel_base: layers have channel_base / side channels,
        channel_max: at most.
        classes: 0 takes no labels.
        mapping_layers: dense layers that make of a class what the features are projected on.
        architecture: "residual", or "plain" convolutions as for CIFAR.

    Raises:
        ValueError: as a `Discriminator`, or on more than four images that four doesn't divide.

    Source: as `StyleGAN2Generator`, section 4.1 and figure 7; deviation from Karras, Aila, Laine,
    Lehtinen, "Progressive Growing of GANs", ICLR 2018, section 3.
    """

    resolution: int = 32
    channels: int = 3
    channel_base: int = 1024
    channel_max: int = 128
    classes: int = 0
    mapping_layers: int = 8
    architecture: str = "residual"

    @property
    def size(self) -> int:
        """Height and width of the images."""
        return self.resolution

    def _check_fields(self):
        super()._check_fields()
        _check_sizes(self)
        check_choice("StyleGAN2Discriminator", "architecture", self.architecture, ARCHITECTURES)

    @nn.compact
    def _judge(self, x, labels, train):
        settings = {"dtype": self.dtype, "precision": self.precision}
        width = lambda side: side_channels(side, self.channel_base, self.channel_max)  # noqa: E731

        side = self.resolution
        x = leaky_relu(EqualizedConv(width(side), 1, **settings, name="from_rgb")(x))
        residual = self.architecture == "residual"
        while side > START:
            widths = width(side), width(side // 2)
            x = _Shrink(*widths, residual, **settings, name=f"block{side}")(x)
            side //= 2
        x = _with_deviation(x.astype(jnp.float32))
        x = leaky_relu(EqualizedConv(width(START), name="conv4", precision=self.precision)(x))
        x = leaky_relu(EqualizedDense(width(START), name="dense")(x.reshape(len(x), -1)))
        if self.classes == 0:
            return EqualizedDense(1, name="logit")(x)[:, 0]
        projected = EqualizedDense(width(START), name="logit")(x)
        network = MappingNetwork(width(START), self.mapping_layers, self.classes, name="mapping")
        return jnp.sum(projected * network(None, labels), axis=-1) / math.sqrt(width(START))


class MappingNetwork(nn.Module):
    """Dense layers of one width, at a hundredth of the learning rate.

    Attributes:
        features: the width.
        layers: their number.
        classes: 0 takes no labels; else each has a learnt vector that is appended.
    """

    features: int
    layers: int
    classes: int

    @nn.compact
    def __call__(self, z: jax.Array | None, labels: jax.Array | None) -> jax.Array:
        """Maps ``(N, D)`` or None, and N labels or None, to ``(N, features)``."""
        parts = [] if z is None else [_normalized(z)]
        if self.classes:
            one_hot = jax.nn.one_hot(labels, self.classes)
            parts.append(_normalized(EqualizedDense(self.features, name="embedding")(one_hot)))
        x = jnp.concatenate(parts, axis=-1)
        for index in range(1, self.layers + 1):
            dense = EqualizedDense(self.features, rate=_MAPPING_RATE, name=f"dense{index}")
            x = leaky_relu(dense(x))
        return x


class _Shrink(nn.Module):
    features: int
    features_out: int
    residual: bool
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x):
        settings = {"dtype": self.dtype, "precision": self.precision}
        y = leaky_relu(EqualizedConv(self.features, **settings, name="conv")(x))
        down = EqualizedConv(
            self.features_out, stride=2, padding="VALID", **settings, name="conv_down"
        )
        y = leaky_relu(down(fir_blur(y, padding=2)))
        if not self.residual:
            return y
        skip = EqualizedConv(self.features_out, 1, use_bias=False, **settings, name="skip")
        return (y + skip(fir_downsample(x))) / math.sqrt(2)


def _normalized(x):
    return x * jax.lax.rsqrt(jnp.mean(x**2, axis=-1, keepdims=True) + 1e-8)


def _with_deviation(x):
    """Appends the deviation over each group of images, its mean over pixels and channels."""
    size = min(_GROUP, len(x))
    if len(x) % size:
        raise ValueError(
            f"StyleGAN2Discriminator: x must have a multiple of {_GROUP} images, got {len(x)}"
        )
    # Images at a distance of N / 4 are a group.
    groups = x.reshape(size, -1, *x.shape[1:])
    variance = jnp.mean((groups - jnp.mean(groups, axis=0)) ** 2, axis=0)
    deviation = jnp.mean(jnp.sqrt(variance + 1e-8), axis=(1, 2, 3))
    plane = jnp.tile(deviation, size)[:, None, None, None]
    return jnp.concatenate([x, jnp.broadcast_to(plane, (*x.shape[:-1], 1))], axis=-1)


def _check_sizes(network):
    model, resolution = type(network).__name__, network.resolution
    if resolution < 2 * START or resolution & (resolution - 1):
        raise ValueError(
            f"{model}: resolution must be a power of 2 from {2 * START}, got {resolution}"
        )
    check_at_least(1, model, **{"channel_base / resolution": network.channel_base // resolution})
