"""Series of images, cut in time: what is learnt from ends before what is scored begins."""

from dataclasses import dataclass

import numpy as np

from train.data.climatologies import Climatology
from train.data.data_set import DataSet
from train.data.fields import Field, Fields

SPLITS = ("fit", "train", "held_back", "test")


@dataclass(frozen=True)
class Series:
    """Images at even steps of time; a series without pixels has a height and width of 1.

    Attributes:
      name: of its sets, before the split.
      values: (T, H, W, C) float32.
      years: (T,) times in years.
      held_back: the step at which those held back of training begin.
      test: the step at which those that are scored begin.
      climatology: a name of `train.data.climatologies.CLIMATOLOGIES`, by which anomalies are told.
    """

    name: str
    values: np.ndarray
    years: np.ndarray
    held_back: int
    test: int
    climatology: str = "harmonic"

    def part(self, split: str, name: str) -> DataSet:
        """One part as a set of one item, {"series", "climatology", "deviation", "years", "first"}.

        "fit" and then "held_back" are "train", behind which comes "test". A part to score holds
        the steps before it too, to which histories may reach back; "first" is the first to
        predict. The climatology, and the deviation of the anomalies from it, are of the steps
        before that, or of all of a part to learn from: nothing of a part tells of a later one.

        Raises:
          ValueError: less than a year to tell the climatology by.
        """
        first, end = {
            "fit": (0, self.held_back),
            "train": (0, self.test),
            "held_back": (self.held_back, self.test),
            "test": (self.test, len(self.values)),
        }[split]
        known = slice(0, first or end)
        fitted = Climatology(self.climatology, self.years[known], self.values[known], name)
        usual = fitted(self.years[:end])
        item = {
            "series": self.values[:end],
            "climatology": usual.astype(np.float32),
            "deviation": np.std(self.values[known] - usual[known]).astype(np.float32),
            "years": self.years[:end],
            "first": np.int32(first),
        }
        return DataSet(name, _fields(*self.values.shape[1:]), [split], lambda _: item)


def _fields(height: int, width: int, channels: int) -> Fields:
    frames = Field((None, height, width, channels), "float32", "frames")
    return {
        "series": frames,
        "climatology": frames,
        "deviation": Field((), "float32", "figure"),
        "years": Field((None,), "float64", "series"),
        "first": Field((), "int32", "figure"),
    }


def check_split(split: str, words: str, form: str) -> None:
    """Raises a ValueError unless a split is known.

    Args:
      split: what was asked for.
      words: the set's name as it was asked for.
      form: how it is written.
    """
    if split not in SPLITS:
        raise ValueError(f"{words}: wanted {form}, with a split of {', '.join(SPLITS)}")
