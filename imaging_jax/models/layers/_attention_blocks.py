from typing import Any

from flax import linen as nn

from imaging_jax.models.layers._bam import BAM
from imaging_jax.models.layers._cbam import CBAM
from imaging_jax.models.layers._channel_attention import ChannelAttention, SqueezeExcitation
from imaging_jax.models.layers._checks import check_choice
from imaging_jax.models.layers._non_local import NonLocal, SelfAttention2D

ATTENTION: dict[str, type[nn.Module]] = {
    "bam": BAM,
    "cbam": CBAM,
    "channel": ChannelAttention,
    "non_local": NonLocal,
    "sagan": SelfAttention2D,
    "se": SqueezeExcitation,
}
"""Attention blocks by name; each maps ``(x, train)`` to the shape of ``x``, (..., H, W, C)."""


def attention_block(kind: str, model: str, **settings: Any) -> nn.Module:
    """Makes the attention block ``kind``.

    Args:
        kind: of `ATTENTION`.
        model: whose field `attention` it is.
        **settings: fields of the block: `name`, `dtype`, `precision`.

    Raises:
        ValueError: on a name that isn't there.
    """
    check_choice(model, "attention", kind, ATTENTION)
    return ATTENTION[kind](**settings)
