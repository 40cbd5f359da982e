"""What a record says of every system: its name, its weights and where they come from."""

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from train.engine.folder import training_of


@dataclass(frozen=True)
class Origin:
    """Where a system comes from.

    Attributes:
      name: of the system, as its paper names it.
      weights: name of the weights, "none" where there are none.
      sha256: of the weights, or empty.
      origin: "interpolation" (and whatever else restores without training), "fitted" in closed
        form, "published" or "trained here".
      seed: of the training, where it was trained here.
      training: where and how, likewise: the run's config, seconds and provenance.
      paper: the published system it reproduces, as `published.json` names it; or empty.
      precision: of its arithmetic.
    """

    name: str
    weights: str
    _: dataclasses.KW_ONLY
    sha256: str = ""
    origin: str = "fitted"
    seed: int | None = None
    training: dict | None = None
    paper: str = ""
    precision: str = "float32"


def trained_here(run: Path, config: dict, variables: Any) -> dict:
    """What an `Origin` says of the weights of a run folder, but for their precision."""
    return {
        "weights": run.resolve().name,
        "sha256": digest(variables),
        "origin": "trained here",
        "seed": config["seed"],
        "training": {"config": config, **training_of(run)},
        "paper": config["paper"],
    }


def digest(tree: Any) -> str:
    """SHA-256 of the leaves of a tree and their paths."""
    found = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        found.update(jax.tree_util.keystr(path).encode())
        found.update(np.ascontiguousarray(leaf).tobytes())
    return found.hexdigest()
