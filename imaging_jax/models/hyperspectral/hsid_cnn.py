from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from imaging_jax.models.hyperspectral._cubes import check_cube
from imaging_jax.models.layers import Conv, check_at_least

_NEIGHBOURS = 24
# Layers whose output the last one sees.
_TAPPED = (3, 5, 7, 9)
# Pixels of bands denoised at once: 126 MB of the widest layer.
_AT_ONCE = 2**18


class HSIDCNN(nn.Module):
    """HSID-CNN: every band is corrected in view of its 24 neighbours, by one network for all.

    A band's neighbours are the 12 before and the 12 behind it. The first 12 bands are given the
    cube's first 24, the last 12 its last 24, themselves among them. 399,161 parameters; one network
    serves one level of noise. Bands of large cubes are denoised one after the other. Kernels start
    He normal.

    Attributes:
        features: of each of the three sizes of kernel at the start; hidden layers have three times
            as many.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on what is no cube of at least 24 bands, or fewer than 2 features.

    Source: Yuan, Zhang, Li, Shen, Zhang, "Hyperspectral Image Denoising Employing a
    Spatial-Spectral Deep Residual Convolutional Neural Network", IEEE TGRS 2019, section III.
    """

    features: int = 20
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("cube",)
    whole: ClassVar[str] = ""

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Denoises ``(..., H, W, bands)`` in [0, 1]; ``train`` changes nothing."""
        check_cube(x, "HSIDCNN", _NEIGHBOURS)
        check_at_least(2, "HSIDCNN", features=self.features)
        network = _BandNetwork(self.features, self.dtype, self.precision, name="network")
        bands = x.shape[-1]
        images = jnp.moveaxis(x.reshape(-1, *x.shape[-3:]), -1, 1)
        chunk = max(1, min(bands, _AT_ONCE // images[:, 0].size))
        calls = -(-bands // chunk)
        # Bands that fill the last call up are the last one again.
        indices = np.minimum(np.arange(calls * chunk), bands - 1)
        tables = [
            table.reshape(calls, chunk, -1) for table in (indices, neighbours_of(bands)[indices])
        ]

        def correct(network, carry, chunk):
            band, neighbours = chunk
            return carry, network(images[:, band[:, 0]], images[:, neighbours])

        if calls == 1:
            _, residual = correct(network, None, [table[0] for table in tables])
        else:
            loop = nn.scan(
                correct, variable_broadcast="params", split_rngs={"params": False}, out_axes=1
            )
            _, residual = loop(network, None, [jnp.asarray(table) for table in tables])
        residual = residual.reshape(images.shape[0], -1, *images.shape[2:])[:, :bands]
        return x + jnp.moveaxis(residual, 1, -1).reshape(x.shape).astype(x.dtype)


class _BandNetwork(nn.Module):
    """Maps bands ``(N, K, H, W)`` and neighbours ``(N, K, 24, H, W)`` to what is to be added."""

    features: int
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, bands, neighbours):
        conv = partial(
            Conv,
            kernel_init=nn.initializers.variance_scaling(2.0, "fan_in", "normal"),
            dtype=self.dtype,
            precision=self.precision,
        )

        def views(image, name):
            sizes = (3, 5, 7)
            return [conv(self.features, (s, s), name=f"{name}_conv{s}")(image) for s in sizes]

        height_width = bands.shape[-2:]
        seen = jnp.moveaxis(neighbours, 2, -1).reshape(-1, *height_width, _NEIGHBOURS)
        own = bands.reshape(-1, *height_width, 1)
        y = nn.relu(jnp.concatenate(views(seen, "neighbours") + views(own, "band"), axis=-1))
        tapped = []
        for index in range(1, 10):
            y = nn.relu(conv(3 * self.features, (3, 3), name=f"conv{index}")(y))
            if index in _TAPPED:
                tap = conv(3 * self.features // 4, (3, 3), name=f"tap{index}")
                tapped.append(tap(y))
        y = nn.relu(jnp.concatenate(tapped, axis=-1))
        return conv(1, (3, 3), name="conv10")(y).reshape(bands.shape)


def neighbours_of(bands: int) -> np.ndarray:
    """The indices ``(bands, 24)`` of the neighbours that each band is denoised with."""
    half = _NEIGHBOURS // 2
    around = np.delete(np.arange(-half, half + 1), half)
    first, last = np.arange(_NEIGHBOURS), np.arange(bands - _NEIGHBOURS, bands)
    return np.stack(
        [
            first if band < half else last if band >= bands - half else band + around
            for band in range(bands)
        ]
    )
