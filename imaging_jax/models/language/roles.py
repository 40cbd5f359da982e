"""What language models have in common, by which tasks know them."""

from typing import ClassVar

from flax import linen as nn


class LanguageModel(nn.Module):
    """Predicts tokens from those before: ``(N, T) int32 -> logits (N, T, vocabulary_size)``."""

    takes: ClassVar[tuple[str, ...]] = ("tokens",)
