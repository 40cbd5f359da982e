"""Captioned images on the device, of which one sentence each is drawn."""

import jax
import numpy as np

from imaging_jax.models.captioning import PAD, SPECIALS
from train.data.captions import sentence_fields
from train.data.data_sets import data_set
from train.data.fields import Field
from train.data.resident import Resident
from train.data.spatial import to_float
from train.data.vocabulary import encoded, sentences_of, vocabulary_of


class CaptionedImages(Resident):
    """Images of a set drawn uniformly, and of each one of its sentences, drawn as well.

    Args:
      images: see `train.data.data_sets.data_set`; of one size and with captions.
      batch_size: images a batch.
      length: of a sentence, in tokens, its start and end included.
      least: a word that stands less often in the set is unknown.

    Raises:
      ValueError: a set without captions, a sentence that is longer, or a vocabulary without words.
    """

    def __init__(self, images: str, batch_size: int, length: int, least: int = 5):
        source = data_set(images)
        if "captions" not in source.fields:
            raise ValueError(f"data.images={images!r}: its images have no captions")
        source.check_one_size()
        arrays = source.arrays
        sentences = sentences_of(arrays["captions"], source.assets["vocabulary"])
        vocabulary = vocabulary_of(sentences, least)
        if len(vocabulary) == len(SPECIALS):
            raise ValueError(f"data.least={least}: no word stands so often in {source.name}")
        try:
            tokens = encoded(sentences, vocabulary, length)
        except ValueError as error:
            raise ValueError(f"data.length={length}: {source.name}: {error}") from None
        self.batch_size = batch_size
        self.assets = {**source.assets, "vocabulary": vocabulary}
        self._levels: Field = source.fields["image"]
        self.fields = sentence_fields(self._levels.shape, length, len(vocabulary))
        counts = np.sum(tokens[..., 0] != PAD, axis=1).astype(np.int32)
        self.arrays = {"image": arrays["image"], "tokens": tokens, "counts": counts}

    def batch(self, key: jax.Array, inputs: dict) -> dict[str, jax.Array]:
        """Picks {"image": (batch_size, H, W, C), "tokens": (batch_size, length)}."""
        image_key, row_key = jax.random.split(key)
        index = jax.random.randint(image_key, (self.batch_size,), 0, len(inputs["counts"]))
        rows = jax.random.randint(row_key, index.shape, 0, inputs["counts"][index])
        image = to_float(self._levels, inputs["image"][index])
        return {"image": image, "tokens": inputs["tokens"][index, rows]}
