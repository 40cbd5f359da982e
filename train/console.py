"""What a run says to the person who started it."""

import sys

import jax
from tqdm import tqdm

_said: set[str] = set()


def say(message: str, once: bool = False) -> None:
    """Prints one line past the progress bar, on the first process only; `once`: never again."""
    if jax.process_index() or (once and message in _said):
        return
    _said.add(message)
    tqdm.write(message, file=sys.stdout)
    sys.stdout.flush()
