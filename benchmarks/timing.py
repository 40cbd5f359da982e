"""Timings of subjects that take turns, so that whatever else the machine does meets them all."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

MOST_CALLS = 10_000


@dataclass(frozen=True)
class Subject:
    """Something that is timed.

    Attributes:
      name: as the report calls it.
      run: makes so many calls, and returns when the last one is done.
      steps: that a call takes.
    """

    name: str
    run: Callable[[int], None]
    steps: int = 1


@dataclass(frozen=True)
class Spread:
    """The median and the quartiles of repeated measurements."""

    median: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """The same for JSON."""
        return asdict(self)


def spread(values: Sequence[float]) -> Spread:
    """Median, first and third quartile, interpolated linearly between neighbours."""
    low, median, high = np.percentile(np.asarray(values, np.float64), [25, 50, 75])
    return Spread(float(median), float(low), float(high))


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Spread:
    """The spread of numerator / denominator, each of one round.

    Raises:
      ValueError: not as many of one as of the other.
    """
    if len(numerators) != len(denominators):
        raise ValueError(
            f"denominators: wanted {len(numerators)}, one a numerator, got {len(denominators)}"
        )
    return spread(np.divide(numerators, denominators))


def take_turns(
    subjects: Sequence[Subject],
    rounds: int,
    seconds: float,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Times a chunk of calls of each subject, round after round, every second round backwards.

    Only the end of a chunk is waited for, so that the calls inside are dispatched ahead as in
    training. The first call of a chunk isn't timed: it finds the caches full of another subject.

    Args:
      subjects: each is called twice before anything is timed.
      rounds: chunks of each.
      seconds: about how long a chunk lasts.
      clock: tells the time in seconds.

    Returns:
      {name: seconds a step, one figure a round}.
    """
    calls = {subject.name: _calls(subject, seconds, clock) for subject in subjects}
    times: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    for index in range(rounds):
        for subject in subjects[:: -1 if index % 2 else 1]:
            subject.run(1)
            start = clock()
            subject.run(calls[subject.name])
            steps = calls[subject.name] * subject.steps
            times[subject.name].append((clock() - start) / steps)
    return times


def _calls(subject: Subject, seconds: float, clock: Callable[[], float]) -> int:
    subject.run(1)
    start = clock()
    subject.run(1)
    once = clock() - start
    return int(np.clip(round(seconds / max(once, 1e-9)), 1, MOST_CALLS))
