from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import (
    Conv,
    batch_norm,
    check_at_least,
    check_images,
    fan_in_uniform,
    torch_kernel,
)
from imaging_jax.transforms import check_bands

_SLOPE = 0.01


class RaVAEn(nn.Module):
    """RaVÆn: a variational autoencoder of small tiles, whose codes tell what has changed.

    The defaults are the small network with the four bands that it has on board of a satellite:
    442,212 parameters, 443,946 with ten bands. Of widths (32, 64, 128), the medium one has
    976,324 and 979,786, the large one, with ``extra_depth=2``, 1,457,772 and 1,462,758.

    Attributes:
        bands: names of the channels, of `imaging_jax.transforms.SENTINEL2_BANDS`.
        widths: channels behind each halving of the side.
        extra_depth: convolutions of the residual block behind each halving and doubling; 0 for no
            block.
        latent: numbers of a code.
        side: height and width of a tile.
        spreads: whether there is a log-variance, which published weights lack; else it is 0.
        decodes: whether there is a decoder, likewise.
        dtype: type of computation; parameters and codes are float32.
        precision: of the products.

    Raises:
        ValueError: on tiles of another shape, unknown bands, or a side that can't be halved so
            often.

    Source: Růžička et al., "RaVÆn: unsupervised change detection of extreme events using ML
    on-board satellites", Scientific Reports 12, 2022; layers of github.com/spaceml-org/RaVAEn.
    """

    bands: tuple[str, ...] = ("B4", "B3", "B2", "B8")
    widths: tuple[int, ...] = (16, 32, 64)
    extra_depth: int = 0
    latent: int = 128
    side: int = 32
    spreads: bool = True
    decodes: bool = True
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image", "noise")

    @property
    def channels(self) -> int:
        """Of a tile."""
        return len(self.bands)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of a tile."""
        return (self.side, self.side, len(self.bands))

    def setup(self):
        """Makes encoder and decoder."""
        check_bands(self.bands)
        check_at_least(1, "RaVAEn", latent=self.latent)
        check_at_least(0, "RaVAEn", extra_depth=self.extra_depth)
        if self.side % 2 ** len(self.widths):
            raise ValueError(
                f"RaVAEn: side={self.side}: wanted a multiple of {2 ** len(self.widths)}"
            )
        settings = {"dtype": self.dtype, "precision": self.precision}
        self.encoder = TileEncoder(
            self.widths, self.extra_depth, self.latent, self.spreads, **settings
        )
        if self.decodes:
            outputs = (*self.widths[-2::-1], len(self.bands))
            smallest = (self.side // 2 ** len(self.widths), self.widths[-1])
            self.decoder = TileDecoder(outputs, self.extra_depth, smallest, **settings)

    def __call__(
        self, x: jax.Array, noise: jax.Array, train: bool = False
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Encodes tiles, draws a code for each and decodes it.

        Args:
            x: ``(N, side, side, bands)``, logarithms as of `imaging_jax.transforms.log_bands`.
            noise: ``(N, latent)``, from the unit Gaussian: where in its own a code is drawn.
            train: take the batch's statistics.

        Returns:
            Tiles of the shape of ``x``, which without a decoder are ``x``; mean and log-variance,
            each ``(N, latent)``.
        """
        mean, log_variance = self.encode(x, train)
        if not self.decodes:
            return x, mean, log_variance
        z = mean + jnp.exp(0.5 * log_variance) * noise
        return self.decoder(z, train), mean, log_variance

    def encode(self, x: jax.Array, train: bool = False) -> tuple[jax.Array, jax.Array]:
        """Maps tiles ``(N, side, side, bands)`` to mean and log-variance, each ``(N, latent)``."""
        check_images(x, self.image_shape, "RaVAEn")
        return self.encoder(x, train)


class _Layers(nn.Module):
    """What encoder and decoder are made of."""

    def _conv(self, features, name, strides=(1, 1)):
        return Conv(
            features,
            (3, 3),
            strides=strides,
            padding=((1, 1), (1, 1)),
            kernel_init=torch_kernel,
            dtype=self.dtype,
            precision=self.precision,
            name=name,
        )

    def _dense(self, features, x, name):
        return nn.Dense(
            features,
            kernel_init=torch_kernel,
            bias_init=fan_in_uniform(x.shape[-1]),
            precision=self.precision,
            name=name,
        )(x)

    def _normalized(self, x, train, name):
        return nn.leaky_relu(batch_norm(x, train, name, dtype=self.dtype), _SLOPE)

    def _residual(self, x, train, name, normalized=True):
        if not self.extra_depth:
            return x
        y = x
        for index in range(1, self.extra_depth + 1):
            y = self._conv(x.shape[-1], f"{name}{index}")(y)
            if normalized:
                y = self._normalized(y, train, f"{name}{index}_norm")
            else:
                y = nn.leaky_relu(y, _SLOPE)
        return x + y


class TileEncoder(_Layers):
    """Halves a tile again and again, and makes a Gaussian of what is left.

    Attributes:
        widths: channels behind each halving.
        extra_depth: convolutions of the residual block behind each; 0 for no block.
        latent: numbers of a code.
        spreads: whether there is a log-variance; else it is 0.
        dtype: type of computation.
        precision: of the products.
    """

    widths: tuple[int, ...]
    extra_depth: int
    latent: int
    spreads: bool
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
        """Maps tiles ``(N, H, W, bands)`` to mean and log-variance, each ``(N, latent)``."""
        for index, width in enumerate(self.widths, 1):
            x = self._conv(width, f"conv{index}", strides=(2, 2))(x)
            x = self._normalized(x, train, f"norm{index}")
            x = self._residual(x, train, f"block{index}_")
        # Channels come first, as in the published weights.
        features = jnp.moveaxis(x, -1, 1).reshape(len(x), -1).astype(jnp.float32)
        mean = self._dense(self.latent, features, "mean")
        if not self.spreads:
            return mean, jnp.zeros_like(mean)
        return mean, self._dense(self.latent, features, "log_variance")


class TileDecoder(_Layers):
    """Makes a tile of a code, doubling its side again and again.

    Attributes:
        widths: channels behind each doubling, last those of a tile.
        extra_depth: convolutions of the residual block behind each; 0 for no block.
        smallest: side and channels before the first.
        dtype: type of computation.
        precision: of the products.
    """

    widths: tuple[int, ...]
    extra_depth: int
    smallest: tuple[int, int]
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, z: jax.Array, train: bool) -> jax.Array:
        """Maps codes ``(N, latent)`` to tiles ``(N, H, W, bands)``."""
        side, channels = self.smallest
        x = self._dense(channels * side**2, z, "expand")
        x = jnp.moveaxis(x.reshape(len(z), channels, side, side), 1, -1)
        for index, width in enumerate(self.widths, 1):
            last = index == len(self.widths)
            x = jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)
            x = self._conv(width, f"conv{index}")(x)
            x = x if last else self._normalized(x, train, f"norm{index}")
            x = self._residual(x, train, f"block{index}_", normalized=not last)
        return x.astype(jnp.float32)
