"""What networks that translate images have in common, by which tasks know them."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import check_at_least, check_multiples


class Translator(nn.Module):
    """Maps images ``(N, H, W, C)`` in [-1, 1] to images of another domain, likewise.

    Norms are of each image by itself. A network says how in ``_translate(x)``; the random stream
    "dropout" chooses what it drops, where it drops something.

    Attributes:
        dates: how many images of one place it is given, (N, dates, H, W, C); 0 for one image
            without that axis.
        divisor: what height and width must be multiples of.
        channels: of the image that is made.
        features: channels after the first layer.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of convolutions and products.
    """

    channels: int = 3
    features: int = 64
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("signed_image",)

    # A field of those that are given several.
    dates: ClassVar[int] = 0
    # A property of those whose fields decide it.
    divisor: ClassVar[int] = 1

    def _check_fields(self):
        check_at_least(1, type(self).__name__, channels=self.channels, features=self.features)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Translates images.

        Args:
            x: ``(N, H, W, C)`` in [-1, 1], or ``(N, dates, H, W, C)``.

        Returns:
            ``(N, H, W, channels)`` in [-1, 1], float32.

        Raises:
            ValueError: on images of sides that aren't multiples of the divisor, another number of
                dates, or a field below 1.
        """
        self._check_fields()
        self._check_images(x)
        return self._translate(x)

    def _check_images(self, x):
        check_multiples(x, self.divisor, type(self).__name__)
