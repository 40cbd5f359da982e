"""What several tests of the application use."""

import chex
import jax
import numpy as np

from train.engine import scalars


def leaves(state) -> list[np.ndarray]:
    """The leaves of a state as arrays, keys as their data."""
    key = jax.random.key_data(state.key)
    return [np.asarray(leaf) for leaf in jax.tree.leaves(state.replace(key=key))]


def assert_equal_states(a, b) -> None:
    """Equal to the last bit, leaf by leaf."""
    chex.assert_trees_all_equal(*(s.replace(key=jax.random.key_data(s.key)) for s in (a, b)))


def log(workdir) -> list[dict]:
    """The scalars of a run without their times."""
    return [
        {k: v for k, v in line.items() if k != "time"}
        for line in scalars.read(workdir / "scalars.jsonl")
    ]
