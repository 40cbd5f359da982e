"""A system: anything that turns inputs into outputs, and where it comes from."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from train.data.fields import PICTURE, Field, Fields
from train.tasks.task import Task

# (inputs {field: (N, ...)}, **options) -> outputs {field: (N, ...)}
Apply = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Origin:
    """Where a system comes from, as records tell it.

    Attributes:
      kind: "interpolation" (and whatever else restores without training), "fitted" in closed form,
        "published" or "trained here".
      sha256: of the weights, or empty.
      seed: of the training, where it was trained here.
      training: where and how, likewise: the run's config, seconds and provenance.
      paper: the published system it reproduces, as `published.json` names it; or empty.
      precision: of its arithmetic.
      settings: what else moves a digit, such as the iterations of a solver.
    """

    kind: str
    sha256: str = ""
    seed: int | None = None
    training: dict | None = None
    paper: str = ""
    precision: str = "float32"
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class System:
    """Something that turns inputs into outputs, by name.

    Attributes:
      name: of the system, as its paper names it.
      weights: name of the weights, "none" where there are none.
      apply: arrays of a batch by the names of `takes`, and options by name, to arrays by the names
        of `gives`; images are clipped to [0, 1].
      origin: where it comes from.
      takes: fields that it is given.
      gives: fields that it gives back.
      options: what it can be told, such as "scale", with the values it serves; none after a name
        are all. None where it takes any options and heeds none.
      pure: `apply` without clipping, as a function that can be differentiated; None where there
        is none.
      assets: what the data say beside its fields, such as {"classes": their names}.
      undoes: the degradation it undoes, a name of `train.data.presets.PRESETS`; empty where
        several.
      whole: why a picture can't be cut into tiles, in words; empty where `pure` tells how far it
        looks.
      period: where a picture is cut, parts begin at multiples of so many of its pixels.
    """

    name: str
    weights: str
    apply: Apply
    origin: Origin
    takes: Fields = field(default_factory=lambda: {"image": PICTURE})
    gives: Fields = field(default_factory=lambda: {"image": PICTURE})
    options: Mapping[str, tuple] | None = field(default_factory=dict)
    pure: Apply | None = None
    assets: Mapping[str, Any] = field(default_factory=dict)
    undoes: str = ""
    whole: str = ""
    period: int = Task.period

    def check(self, **options: Any) -> None:
        """Raises a ValueError where the system can't be told one of these, or lacks one."""
        if self.options is None:
            return
        for name, value in options.items():
            served = self.options.get(name)
            if served is None:
                known = ", ".join(self.options) or "nothing"
                raise ValueError(f"{self.name} ({self.weights}) goes by {known}, not by {name}")
            if served and value not in served:
                raise ValueError(f"{name}={value}: {self.weights} serves {served}")

    @property
    def classes(self) -> int:
        """How many classes it can be told to draw; 0 where none."""
        label = self.takes.get("label")
        return int(label.range[1]) if label else 0


def latent(numbers: int) -> Field:
    """The field of vectors that images are drawn from."""
    return Field((numbers,), "float32", "latent")


def digest(tree: Any) -> str:
    """SHA-256 of the leaves of a tree and their paths."""
    found = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        found.update(jax.tree_util.keystr(path).encode())
        found.update(np.ascontiguousarray(leaf).tobytes())
    return found.hexdigest()
