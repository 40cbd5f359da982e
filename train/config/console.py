"""What a run says to the person who started it."""

import multiprocessing
import sys

import jax
from tqdm import tqdm

_said: set[str] = set()


def say(message: str, once: str = "") -> None:
    """Prints one line past the progress bar, on the first process; only one for each `once`."""
    # A data worker must not start JAX, which would take the accelerator's memory.
    in_worker = multiprocessing.parent_process() is not None
    if (not in_worker and jax.process_index()) or (once and once in _said):
        return
    _said.add(once)
    tqdm.write(message, file=sys.stdout)
    sys.stdout.flush()
