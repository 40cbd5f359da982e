"""Rows of our programs in turns with eager PyTorch, in this process, where it is there."""

from typing import Any

from benchmarks import machine
from benchmarks.operator_cases import OURS, Case
from benchmarks.solving import benchmark_solving, solving_lines

try:
    from benchmarks import torch_training
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    torch_training = None


def benchmark_against_torch(rows: list[Case], rounds: int, seconds: float) -> dict[str, Any]:
    """Times every row, its programs in turns.

    Args:
      rows: of ours and, where it is there, of PyTorch.
      rounds: chunks of calls of each program.
      seconds: about how long a chunk lasts.

    Returns:
      What `benchmark_solving` does, and "torch": version, device and threads, or None.

    Raises:
      ValueError: fewer than 1 round.
    """
    if torch_training is None:
        return {**benchmark_solving(rows, rounds, seconds), "torch": None}
    torch_training.set_precision(machine.allows_tf32(None))
    report = benchmark_solving(rows, rounds, seconds)
    return {**report, "torch": torch_training.describe()}


def against_torch_lines(report: dict[str, Any]) -> list[str]:
    """Renders what `benchmark_against_torch` returns."""
    found = report["torch"]
    if found is None:
        return [
            *solving_lines(report),
            "PyTorch isn't installed here: only our steps were timed",
        ]
    return [
        *solving_lines(report),
        f"PyTorch {found['version']} on {found['device']}, eager; behind an x stand its threads",
        *_verdicts(report),
    ]


def _verdicts(report: dict[str, Any]) -> list[str]:
    load = report["load"]
    if report["torch"]["device"] == "cpu" and machine.disturbed(load):
        return [machine.DISTURBED]
    return [_verdict(row, programs) for row, programs in report["rows"].items()]


def _verdict(row: str, programs: dict[str, Any]) -> str:
    others = {name: timed["over_ours"]["median"] for name, timed in programs.items()}
    del others[OURS]
    fastest = min(others, key=others.get)
    return f"{row}: the fastest PyTorch, {fastest}, takes {others[fastest]:.2f} of our time"
