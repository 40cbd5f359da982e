"""Scenes seen from above, drawn on the device, with five sentences each."""

from functools import cache
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax import synthesis
from train.data.captions import caption_fields, sentence_fields
from train.data.data_set import DataSet
from train.data.drawn import Drawn, drawn_kind, drawn_set
from train.data.fields import Fields
from train.data.vocabulary import encoded, vocabulary_of

_SIDE, _COUNT = 64, 200
_COUNTS = ("one", "two", "three", "four")
# As of `imaging_jax.synthesis`: kinds, grounds and places of a scene.
_OBJECTS = (("white", "plane"), ("blue", "building"), ("round", "tank"), ("red", "court"))
_GROUNDS = ("grass", "bare land", "water")
_PLACES = ("on the left", "in the middle", "on the right")
# All say the same; `objects` may be one, and of a road some say nothing.
_TEMPLATES = (
    "{objects} {are} {place} of the {ground}{beside}",
    "there {are} {objects} {place} of the {ground}{beside}",
    "{objects} can be seen {place} of the {ground}{beside}",
    "{place} of the {ground} there {are} {objects}{and_road}",
    "the {ground} has {objects} {place}{and_road}",
)
_BESIDE, _AND_ROAD = " near a road", " and a road leads across"
# What a caption must say rightly: of each fact its values, each by the words for it.
FACTS = [
    [[word] for word in _COUNTS],
    [[colour] for colour, _ in _OBJECTS],
    [[noun, f"{noun}s"] for _, noun in _OBJECTS],
]


@cache
def _grammar() -> tuple[list[str], np.ndarray]:
    """The vocabulary, and the tokens (scenes, 5, T) of all there are, counted as `_scene` does."""
    axes = (_GROUNDS, _COUNTS, _OBJECTS, _PLACES, (False, True))
    sentences = [[words.split() for words in _said(*facts)] for facts in product(*axes)]
    vocabulary = vocabulary_of(sentences)
    longest = max(len(words) for own in sentences for words in own)
    return vocabulary, encoded(sentences, vocabulary, longest + 2)


def _said(ground, count, described, place, road):
    colour, noun = described
    one = count == _COUNTS[0]
    values = {
        "objects": f"{count} {colour} {noun}{'' if one else 's'}",
        "are": "is" if one else "are",
        "place": place,
        "ground": ground,
        "beside": _BESIDE if road else "",
        "and_road": _AND_ROAD if road else "",
    }
    return [template.format(**values) for template in _TEMPLATES]


class WordedScenes(Drawn):
    """Scenes of 64x64 pixels and one of their sentences, drawn from the batch's key.

    Args:
      batch_size: scenes a batch.
      length: of a sentence, in tokens, its start and end included; 0 for the longest there are.

    Raises:
      ValueError: a length that sentences don't fit.
    """

    def __init__(self, batch_size: int, length: int = 0):
        vocabulary, tokens = _grammar()
        self.batch_size = batch_size
        self.assets = {"vocabulary": vocabulary}
        self._length = length or tokens.shape[-1]
        if self._length < tokens.shape[-1]:
            raise ValueError(f"data.length={length}: sentences have {tokens.shape[-1]} tokens")

    @property
    def fields(self) -> Fields:
        """Images, and the tokens of a sentence."""
        return sentence_fields((_SIDE, _SIDE, 3), self._length, len(self.assets["vocabulary"]))

    def batch(self, key: jax.Array, inputs: tuple) -> dict[str, jax.Array]:
        """Draws {"image": (N, 64, 64, 3), "tokens": (N, length)}."""
        del inputs
        scene_key, row_key = jax.random.split(key)
        drawn = _drawn(scene_key, self.batch_size)
        rows = jax.random.randint(row_key, (self.batch_size,), 0, len(_TEMPLATES))
        tokens = drawn["captions"][jnp.arange(self.batch_size), rows]
        short = self._length - tokens.shape[-1]
        return {"image": drawn["image"], "tokens": jnp.pad(tokens, [(0, 0), (0, short)])}


def worded_scenes(key: int, rest: str) -> DataSet:
    """Opens "[<count>]": scenes by a key that no training has, 200 without a number.

    Raises:
      ValueError: other words.
    """
    name = drawn_kind("worded_scenes", key) + (f":{rest}" if rest else "")
    if rest and not (rest.isdigit() and int(rest)):
        raise ValueError(f"{name}: wanted a number of scenes, or none")
    vocabulary, tokens = _grammar()
    fields = caption_fields((_SIDE, _SIDE, 3), "float32", tokens.shape[1:], len(vocabulary))
    assets = {"vocabulary": vocabulary, "facts": FACTS}
    return drawn_set(name, key, fields, lambda key: _drawn(key, int(rest or _COUNT)), assets)


def _drawn(key, count):
    keys = jax.random.split(key, count)
    scene = jax.vmap(lambda key: synthesis.worded_scene(key, _SIDE))(keys)
    axes = (len(_GROUNDS), len(_COUNTS), len(_OBJECTS), len(_PLACES), 2)
    facts = (scene.ground, scene.count - 1, scene.kind, scene.place, scene.road.astype(int))
    which = jnp.ravel_multi_index(facts, axes, mode="clip")
    return {"image": scene.image, "captions": jnp.asarray(_grammar()[1])[which]}
