from typing import ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import check_at_least, check_batch, check_multiples
from imaging_jax.models.translation.pix2pix import UNetGenerator


class STGANGenerator(UNetGenerator):
    """STGAN's generator of several dates: pix2pix' U-Net, whose encoder sees each date by itself.

    The dates' maps are concatenated at every level, the innermost too, and go to one decoder. The
    authors call it "unet_256_independent", but their branches are the same layers: the encoder is
    one. Of three dates of 4 channels there are 93,480,579 parameters, of 3 channels 93,479,555; of
    one date it is pix2pix' own network.

    Attributes:
        dates: images of one place that are given, in the order of training.

    Source: Sarukkai, Jain, Uzkent, Ermon, "Cloud Removal in Satellite Images Using Spatiotemporal
    Generative Networks", WACV 2020; github.com/ermongroup/STGAN.
    """

    dates: int = 3

    takes: ClassVar[tuple[str, ...]] = ("signed_frames",)

    def _check_fields(self):
        super()._check_fields()
        check_at_least(1, type(self).__name__, dates=self.dates)

    def _check_images(self, x):
        name = type(self).__name__
        check_batch(x, "x", (self.dates, None, None, None), name)
        check_multiples(x[:, 0], self.divisor, name)

    @nn.compact
    def _translate(self, x):
        batch = x.shape[:2]
        encoded = self._encode(x.reshape(-1, *x.shape[2:]))
        return self._decode([dates_as_channels(y.reshape(*batch, *y.shape[1:])) for y in encoded])


def dates_as_channels(x: jax.Array) -> jax.Array:
    """Lays the channels of all dates side by side, the first date's first.

    Args:
        x: ``(N, dates, H, W, C)``.

    Returns:
        ``(N, H, W, dates * C)``.
    """
    y = jnp.moveaxis(x, 1, -2)
    return y.reshape(*y.shape[:-2], -1)
