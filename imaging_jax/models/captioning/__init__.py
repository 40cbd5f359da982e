"""Networks that describe images by sentences."""

from imaging_jax.models.captioning._search import Caption, search_captions
from imaging_jax.models.captioning.roles import (
    END,
    PAD,
    SPECIALS,
    START,
    UNKNOWN,
    Captioned,
    Captioner,
)
from imaging_jax.models.captioning.show_and_tell import ShowAndTell
from imaging_jax.models.captioning.show_attend_and_tell import ShowAttendAndTell
from imaging_jax.models.captioning.transformer_captioner import TransformerCaptioner

__all__ = [
    "END",
    "PAD",
    "SPECIALS",
    "START",
    "UNKNOWN",
    "Caption",
    "Captioned",
    "Captioner",
    "ShowAndTell",
    "ShowAttendAndTell",
    "TransformerCaptioner",
    "search_captions",
]
