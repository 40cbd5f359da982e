"""Texts as tokens: one a character, windows of which are cut inside the compiled step."""

import re
from pathlib import Path

import jax
import numpy as np

from train.data.data_set import DataSet
from train.data.fields import Field, Fields
from train.data.resident import Resident

# Parts of a text, in twentieths from its beginning.
_SPLITS = {"all": (0, 20), "fit": (0, 18), "held_back": (18, 19), "test": (19, 20)}
_PYTHON = "python"


def text_set(name: str) -> DataSet:
    """A text as one item, {"tokens": (T,) int32}, places in the sorted list of its characters.

    Args:
      name: "<text>:<split>": "python", the manual that comes with every Python, or a file in UTF-8;
        "fit" for its first nine tenths, "held_back" and "test" for the twentieths behind, "all".

    Raises:
      ValueError: another split, or a file that isn't UTF-8 or has less than 20 characters.
      FileNotFoundError: no such file.
    """
    source, _, split = name.rpartition(":")
    if split not in _SPLITS or not source:
        raise ValueError(f"text:{name}: wanted text:<file or python>:<{', '.join(_SPLITS)}>")
    characters = _python_manual() if source == _PYTHON else _read(Path(source))
    if len(characters) < 20:
        raise ValueError(f"text:{name}: got {len(characters)} characters, wanted 20 at least")
    vocabulary = sorted(set(characters))
    place = {character: index for index, character in enumerate(vocabulary)}
    first, last = (len(characters) * part // 20 for part in _SPLITS[split])
    tokens = np.array([place[character] for character in characters[first:last]], np.int32)
    fields = {"tokens": Field((None,), "int32", "tokens", (0, len(vocabulary)))}
    assets = {"vocabulary": "".join(vocabulary)}
    return DataSet(f"text:{name}", fields, [source], lambda _: {"tokens": tokens}, assets)


def _python_manual() -> str:
    """The topics of Python's manual that `help()` shows; paragraphs that return only once."""
    from pydoc_data.topics import topics

    # Topics quote each other: what is trained on must not come again where it is scored.
    pages = "\n\n".join(topics[name] for name in sorted(topics))
    paragraphs = re.split(r"\n{2,}", pages)
    return "\n\n".join(dict.fromkeys(part.rstrip() for part in paragraphs if part.strip()))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: wanted a text in UTF-8; {error}") from None


class TextWindows(Resident):
    """Windows of a text, cut at random places.

    Args:
      text: as `text_set` takes it.
      batch_size: windows a batch.
      context: tokens a window is long, less the last one, which is only predicted.

    Raises:
      ValueError: as `text_set`; a text that is no longer than a window.
    """

    def __init__(self, text: str, batch_size: int, context: int):
        source = text_set(text)
        tokens = source[0]["tokens"]
        if len(tokens) <= context:
            raise ValueError(
                f"data.context={context}: {source.name} has {len(tokens)} characters, wanted more"
            )
        self.batch_size = batch_size
        self.assets = source.assets
        self.arrays = {"tokens": tokens}
        self._length = context + 1
        vocabulary = source.fields["tokens"].range
        self.fields: Fields = {"tokens": Field((self._length,), "int32", "tokens", vocabulary)}

    def batch(self, key: jax.Array, inputs: dict) -> dict[str, jax.Array]:
        """Cuts {"tokens": (batch_size, context + 1)}."""
        last = len(self.arrays["tokens"]) - self._length
        starts = jax.random.randint(key, (self.batch_size,), 0, last + 1)
        cut = lambda start: jax.lax.dynamic_slice(inputs["tokens"], (start,), (self._length,))  # noqa: E731
        return {"tokens": jax.vmap(cut)(starts)}
