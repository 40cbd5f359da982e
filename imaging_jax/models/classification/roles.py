"""What classifiers have in common, by which tasks know them."""

from typing import ClassVar

from flax import linen as nn


class Classifier(nn.Module):
    """Tells images apart: ``(N, *image_shape) -> logits (N, classes)``."""

    takes: ClassVar[tuple[str, ...]] = ("image",)
