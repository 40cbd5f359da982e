"""Scores any system on any data set by any protocol: each evaluation is a cell of a table."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from train.data.data_set import DataSet
from train.scoring.protocols import Protocol
from train.scoring.protocols.protocol import naming
from train.systems.system import System


@dataclass(frozen=True)
class Evaluation:
    """One cell with all its metrics.

    Attributes:
      system: what was scored.
      dataset: on which set.
      protocol: how.
      value: of the protocol's condition; None where it has none.
      values: {metric: value} of the set.
      seconds: how long it took.
      per_item: {"image", metric: value} of each item, where items have scores of their own.
    """

    system: System
    dataset: DataSet
    protocol: Protocol
    value: int | None
    values: dict[str, float]
    seconds: float
    per_item: list[dict[str, Any]] = field(default_factory=list)

    @property
    def place(self) -> dict[str, Any]:
        """The cell but for the system: {"images", the protocol's condition, "protocol"}."""
        condition = {self.protocol.condition: self.value} if self.protocol.condition else {}
        return {"images": self.dataset.name, **condition, "protocol": self.protocol.name}


def evaluate(
    system: System,
    dataset: DataSet,
    protocol: Protocol,
    value: int | None = None,
    *,
    batch_size: int = 1,
    report: Callable[[dict[str, Any]], None] | None = None,
) -> Evaluation:
    """Scores a system.

    Args:
      system: what is scored: a checkpoint, weights, a solver, interpolation.
      dataset: whose items it is given.
      protocol: which choices are made.
      value: of the protocol's condition, such as the scale.
      batch_size: items applied together, where the protocol heeds it; they are shared out among
        the devices, so a multiple of their number.
      report: is told {"image", metric: value} of each item as it is scored.

    Raises:
      ValueError: what doesn't fit, before anything is computed; or an item, by its name.
    """
    protocol.check(system, dataset, value)
    start = time.monotonic()
    found, rows = [], {}
    for batch in protocol.batches(system, dataset, value, batch_size):
        with naming(dataset, batch.indices) if protocol.batched else nullcontext():
            outputs = system.apply(batch.inputs, **protocol.options(value))
            scored = protocol.score(batch, outputs, value)
        found.append(scored)
        for index, row in zip(batch.indices, protocol.rows(batch, scored), strict=False):
            rows[index] = {"image": dataset.names[index], **row}
            if report:
                report(rows[index])
    values = protocol.finish(found, dataset, value)
    per_item = [rows[index] for index in sorted(rows)]
    seconds = time.monotonic() - start
    return Evaluation(system, dataset, protocol, value, values, seconds, per_item)
