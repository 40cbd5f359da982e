"""What every protocol has: inputs made of a set's items, scores of batches, and their sum."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import numpy as np

from train.data.data_set import DataSet
from train.data.fields import Fields, check_fields
from train.scoring.conditions import CONDITIONS, check_condition
from train.systems.system import System


@dataclass(frozen=True)
class Batch:
    """Some items as a system is given them.

    Attributes:
      indices: their places in the set; a batch may be filled with repetitions behind them.
      inputs: {field: (N, ...)}.
      reference: what the outputs are compared with.
    """

    indices: Sequence[int]
    inputs: Mapping[str, Any]
    reference: Any = None


@dataclass(frozen=True)
class Shown:
    """What a person is shown.

    Attributes:
      pictures: {file's stem: (H, W, 3) uint8}.
      previews: {title: pictures} for a page; of two, a slider covers the second by the first.
      sides: what the two are called.
      hint: a command that goes on from here, where `{run}` is the run folder.
    """

    pictures: Mapping[str, np.ndarray] = field(default_factory=dict)
    previews: Mapping[str, tuple[np.ndarray, ...]] = field(default_factory=dict)
    sides: tuple[str, ...] = ()
    hint: str = "elsewhere: python -m train.evaluate --system={run} --protocol=… --images=…"


@dataclass(frozen=True)
class Protocol(ABC):
    """How a system is scored: a frozen record of every choice that moves a digit.

    A score is taken batch by batch: `batches` makes inputs, `score` measures the outputs of each,
    `finish` makes values of the set of what all of them gave.

    Attributes:
      name: as it stands in records.
      reads: fields that the items of a set must have.
      feeds: fields that it gives a system.
      wants: fields that it takes back.
      condition: what a cell varies beside its set, such as "scale"; empty for nothing.
      told: whether the system is told the condition's value.
      usual: its values where none are asked for.
      best: metrics by which a checkpoint is chosen: the first that was measured.
      of_training: whether a line of a config may leave the images to those that are trained on.
      batched: whether `batches` heeds a size.
      precision: of the scores.
    """

    name: str

    reads: ClassVar[Fields]
    feeds: ClassVar[tuple[str, ...]]
    wants: ClassVar[tuple[str, ...]]
    condition: ClassVar[str] = ""
    told: ClassVar[bool] = False
    usual: ClassVar[tuple[int, ...]] = ()
    best: ClassVar[tuple[str, ...]]
    of_training: ClassVar[bool] = False
    batched: ClassVar[bool] = False
    precision: ClassVar[str] = "float64"

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """Raises a ValueError where the system can't be scored so, before anything is computed."""
        for which, names, fields in (
            ("takes", self.feeds, system.takes),
            ("gives", self.wants, system.gives),
        ):
            missing = [name for name in names if name not in fields]
            if missing:
                raise ValueError(
                    f"{system.name} ({system.weights}) {which} {', '.join(fields)}; the protocol "
                    f"{self.name} wants one that {which} {', '.join(missing)}"
                )
        check_fields(dataset.fields, self.reads, dataset.name, f"the protocol {self.name}")
        if self.condition:
            check_condition(self.condition, value)
        if self.told:
            system.check(**{self.condition: value})
        elif needed := [name for name in system.options or {} if name in CONDITIONS]:
            raise ValueError(
                f"{system.name} ({system.weights}) must be told {', '.join(needed)}; the protocol "
                f"{self.name} tells nothing"
            )

    @abstractmethod
    def batches(
        self, system: System, dataset: DataSet, value: int | None, size: int
    ) -> Iterator[Batch]:
        """Makes inputs and references of a set's items."""

    @abstractmethod
    def score(self, batch: Batch, outputs: Mapping[str, Any], value: int | None) -> Any:
        """Measures the outputs of one batch."""

    @abstractmethod
    def finish(self, found: list[Any], dataset: DataSet, value: int | None) -> dict[str, float]:
        """Makes {metric: value} of what `score` gave of every batch."""

    def rows(self, batch: Batch, found: Any) -> list[dict[str, float]]:
        """{metric: value} of each item of a batch, where items have scores of their own."""
        del batch, found
        return []

    @abstractmethod
    def show(self, system: System, dataset: DataSet, value: int | None, count: int) -> Shown:
        """Shows what the system makes of the first items, as many as are asked for."""

    def baseline(self) -> str:
        """The name of the system that stands beside others; empty for none."""
        return ""

    def choosing(self) -> "Protocol":
        """The same by other random draws, by which checkpoints are chosen."""
        return self

    def remarks(self, values: Mapping[str, float], dataset: DataSet) -> list[str]:
        """What a person should be told of a score."""
        del values, dataset
        return []

    def options(self, value: int | None) -> dict[str, int]:
        """What a system is told beside its inputs."""
        return {self.condition: value} if self.told else {}

    def described(self, value: int | None) -> dict[str, Any]:
        """Every choice, for a record."""
        del value
        return asdict(self)


def equal_batches(dataset: DataSet, field: str, size: int) -> Iterator[tuple[list[int], list[int]]]:
    """Items of one size of a field: their indices, and these filled up to `size` by the last."""
    for group in _groups(dataset, field, size):
        for start in range(0, len(group), size):
            indices = group[start : start + size]
            yield indices, indices + indices[-1:] * (size - len(indices))


def _groups(dataset: DataSet, field: str, size: int) -> list[list[int]]:
    # Unequal sizes can't share a batch; with batches of one there is nothing to group, and no
    # image is read twice.
    if size == 1:
        return [[i] for i in range(len(dataset))]
    by_shape = defaultdict(list)
    for index in range(len(dataset)):
        by_shape[dataset[index][field].shape].append(index)
    return list(by_shape.values())


@contextmanager
def naming(dataset: DataSet, indices: Sequence[int]) -> Iterator[None]:
    """Turns a ValueError about some items into one that names them, or the first of many."""
    try:
        yield
    except ValueError as error:
        names = ", ".join(dataset.names[i] for i in indices[:3]) + ", …" * (len(indices) > 3)
        raise ValueError(f"{dataset.name}/{names}: {error}") from error
