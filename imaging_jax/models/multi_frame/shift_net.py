from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, batch_norm, check_images, check_multiples

_WIDTHS = (64, 64, 128, 128)


class ShiftNet(nn.Module):
    """ShiftNet: the displacement of one image from another, of HomographyNet's layers.

    It starts with no displacement, whatever it is given. With the defaults, 34,187,648 parameters;
    of images of three channels, 34,189,952.

    Attributes:
        channels: of each image.
        side: height and width of the images, a multiple of 8.
        widths: of the four pairs of convolutions.
        hidden: width of the layer behind them.
        dropout: share dropped before that layer.
        dtype: type of computation; parameters are float32.
        precision: of the products.

    Raises:
        ValueError: images of another shape, or a side that isn't a multiple of 8.

    Source: Deudon et al., "HighRes-net: Recursive Fusion for Multi-Frame Super-Resolution of
    Satellite Imagery", 2020, section 3.2.
    """

    channels: int = 1
    side: int = 128
    widths: tuple[int, ...] = _WIDTHS
    hidden: int = 1024
    dropout: float = 0.5
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image", "target")

    @nn.compact
    def __call__(self, image: jax.Array, target: jax.Array, train: bool = False) -> jax.Array:
        """Tells how far ``image`` must be moved to lie upon ``target``.

        Args:
            image: ``(N, side, side, channels)``.
            target: likewise.
            train: take the batch's statistics, and drop by the random stream "dropout".

        Returns:
            ``(N, 2)``, rows and columns in pixels.
        """
        shape = (self.side, self.side, self.channels)
        settings = {"dtype": self.dtype, "precision": self.precision}
        centred = []
        for x in (image, target):
            check_images(x, shape, "ShiftNet")
            check_multiples(x, 8, "ShiftNet")
            centred.append(x - jnp.mean(x, axis=(1, 2, 3), keepdims=True))
        y = jnp.concatenate(centred, axis=-1)
        for pair, width in enumerate(self.widths):
            if pair:
                y = nn.max_pool(y, (2, 2), strides=(2, 2))
            for layer in (1, 2):
                index = 2 * pair + layer
                y = Conv(width, (3, 3), name=f"conv{index}", **settings)(y)
                y = nn.relu(batch_norm(y, train, f"norm{index}", dtype=self.dtype))
        y = y.reshape(len(y), -1)
        y = nn.Dropout(self.dropout, deterministic=not train)(y)
        y = nn.relu(nn.Dense(self.hidden, name="hidden", **settings)(y))
        zeros = nn.initializers.zeros
        y = nn.Dense(2, use_bias=False, kernel_init=zeros, name="shift", **settings)(y)
        return y.astype(jnp.float32)
