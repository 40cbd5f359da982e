from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.forecasting.roles import Forecaster
from imaging_jax.models.layers import (
    Conv,
    TemporalBlocks,
    TransposedConv,
    check_at_least,
    check_batch,
)


class EmbeddedTCN(Forecaster):
    """Encoder of images, TCN over their embeddings, decoder of the predicted one.

    286,401 parameters for grey images of 28x28. That three networks follow each other is
    published, their layers aren't: those here are this code base's own.

    Attributes:
        image_shape: height, width and channels; sides are multiples of 4.
        features: of the encoder's two convolutions, mirrored by the decoder.
        embedding: numbers an image is embedded in; also the width of the TCN.
        blocks: of the TCN.
        kernel_size: taps of its convolutions.
        dropout: share that is dropped in training, by the stream "dropout", of the TCN.
        skip: add the last image times a learnt scalar, which starts at 0.5.
        dtype: type of computation; parameters and the result are float32.
        precision: of the convolutions and products.

    Raises:
        ValueError: on images of another shape, sides that are no multiples of 4, a size below 1.

    Source: Villia, Tsagkatakis, Moghaddam, Tsakalides, "Embedded temporal convolutional networks
    for essential climate variables forecasting", Sensors 22(5) 1851, 2022.
    """

    image_shape: tuple[int, int, int] = (28, 28, 1)
    features: tuple[int, int] = (16, 32)
    embedding: int = 64
    blocks: int = 3
    kernel_size: int = 3
    dropout: float = 0.0
    skip: bool = False
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @property
    def frame_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the images."""
        return self.image_shape

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(N, T, *image_shape)`` to ``(N, *image_shape)``."""
        check_batch(x, "x", (None, *self.image_shape), "EmbeddedTCN")
        check_at_least(1, "EmbeddedTCN", embedding=self.embedding, blocks=self.blocks)
        height, width, channels = self.image_shape
        if height % 4 or width % 4:
            raise ValueError(
                f"EmbeddedTCN: sides of image_shape must be multiples of 4, got {height}x{width}"
            )
        settings = {"dtype": self.dtype, "precision": self.precision}
        batch, steps = x.shape[:2]
        y = x.reshape(batch * steps, *self.image_shape)
        for index, features in enumerate(self.features):
            y = Conv(features, (3, 3), (2, 2), name=f"encoder{index + 1}", **settings)(y)
            y = nn.relu(y)
        small = y.shape[1:]
        y = nn.Dense(self.embedding, name="embed", **settings)(y.reshape(batch, steps, -1))
        widths = (self.embedding,) * self.blocks
        blocks = TemporalBlocks(widths, self.kernel_size, self.dropout, name="blocks", **settings)
        y = blocks(y, train)[:, -1]
        y = nn.relu(nn.Dense(small[0] * small[1] * small[2], name="unembed", **settings)(y))
        y = y.reshape(batch, *small)
        enlarge = {"kernel_size": 3, "crop": (0, 1), "use_bias": True, **settings}
        y = nn.relu(TransposedConv(self.features[0], name="decoder1", **enlarge)(y))
        start = nn.initializers.normal(0.01)
        y = TransposedConv(channels, kernel_init=start, name="decoder2", **enlarge)(y)
        y = y.astype(jnp.float32)
        if self.skip:
            y = y + self.param("persistence", nn.initializers.constant(0.5), ()) * x[:, -1]
        return y
