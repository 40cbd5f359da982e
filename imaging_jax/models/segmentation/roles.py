"""What networks that segment have in common, by which tasks know them."""

from typing import ClassVar

import jax
from flax import linen as nn

from imaging_jax.models.layers import check_at_least, check_channels


class Segmenter(nn.Module):
    """Says of each pixel what it is: ``(..., H, W, channels) -> logits (..., H', W', classes)``.

    With one class, its logit is that of a mask. A network says how in ``_segment(x, train)``.

    Attributes:
        margin: pixels at each side that the logits lack: H' is H - 2 margin.
        auxiliary: in training, its call returns two arrays of logits, the second by an auxiliary
            head on an earlier layer, which serves the loss alone. Otherwise one.
        channels: of the image.
        classes: width of the last layer.
    """

    channels: int = 3
    classes: int = 1

    takes: ClassVar[tuple[str, ...]] = ("image",)

    # A property of those whose convolutions are without padding.
    margin: ClassVar[int] = 0
    # A field of those that have one; annotated here, it would come before their others.
    auxiliary = False

    def side_for(self, side: int) -> int:
        """The least height or width of an image that has so many logits along it, or more."""
        return side + 2 * self.margin

    def __call__(
        self, x: jax.Array, train: bool = False
    ) -> jax.Array | tuple[jax.Array, jax.Array]:
        """Segments images.

        Args:
            x: ``(..., H, W, channels)`` in [0, 1].
            train: norms take the batch's statistics, and dropout the random stream "dropout".

        Returns:
            Logits ``(..., H', W', classes)``, float32; in training with `auxiliary`, those and the
            auxiliary head's.

        Raises:
            ValueError: on another number of channels, fewer than one class, or as the network
                raises it.
        """
        name = type(self).__name__
        check_channels(x, self.channels, name)
        check_at_least(1, name, classes=self.classes)
        logits = self._segment(x.reshape(-1, *x.shape[-3:]), train)
        return jax.tree.map(lambda y: y.reshape(*x.shape[:-3], *y.shape[1:]), logits)
