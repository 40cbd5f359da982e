"""What forecasters have in common, by which tasks know them."""

from typing import ClassVar

from flax import linen as nn


class Forecaster(nn.Module):
    """Predicts an image from those before: ``(N, T, H, W, C) -> (N, H, W, C)``.

    Images may be of any numbers; a series without pixels has a height and width of 1.
    """

    takes: ClassVar[tuple[str, ...]] = ("history",)

    @property
    def frame_shape(self) -> tuple[int | None, int | None, int]:
        """Height, width and channels of the images; None for any."""
        return (None, None, self.channels)
