"""What is scored, by kind of protocol: each evaluation is a cell of a table and its origin."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from train.data import ImageSet
from train.data.labelled_images import labelled_sha256
from train.scoring.evaluators import Evaluator, mean
from train.scoring.protocols import PROTOCOLS
from train.scoring.protocols.generation import GENERATION
from train.scoring.protocols.reconstruction import RECONSTRUCTION
from train.systems import autoencoders, generators
from train.systems.opening import System

ALL_PROTOCOLS = {**PROTOCOLS, **GENERATION, **RECONSTRUCTION}


@dataclass(frozen=True)
class Evaluation:
    """One cell with all its metrics.

    Attributes:
      system: what was scored: `name`, `weights`, `seed`, `origin`, `training`, `paper`, `sha256`
        and `precision`.
      place: the rest of the cell: {"images", what the protocol's cells vary by, "protocol"}.
      values: the metrics, means over images where they are taken of each.
      per_image: those of each image, where they are.
      protocol: every choice that moves a digit.
      data_sha256: of the images.
      seconds: how long it took.
    """

    system: Any
    place: dict
    values: dict[str, float]
    protocol: dict
    data_sha256: str
    seconds: float
    per_image: list[dict] = field(default_factory=list)


def restorations(
    system: System, images: ImageSet, protocol: Any, conditions: list[int], batch_size: int
) -> Iterator[Evaluation]:
    """Scores restored images at every scale or sigma."""
    system.check_degradation(protocol)
    for condition in conditions:
        system.check(protocol.condition, condition)
        start = time.monotonic()
        evaluator = Evaluator(system.predict, images, protocol, condition, batch_size)
        per_image = evaluator.records()
        yield Evaluation(
            system,
            {"images": images.name, protocol.condition: condition, "protocol": protocol.name},
            mean(per_image),
            {**protocol.__dict__, "border": protocol.border(condition)},
            images.sha256(),
            time.monotonic() - start,
            per_image,
        )


def generation(name: str, images: str, protocol: Any, samples: int) -> Evaluation:
    """Scores so many images that a generator draws from a fixed key."""
    protocol.check(images, samples)
    start = time.monotonic()
    system = generators.generator(name, images)
    drawn, labels = system.sample(jax.random.key(0), samples)
    protocol.check_shape(images, drawn.shape[1:])
    return Evaluation(
        system,
        {"images": images, "samples": samples, "protocol": protocol.name},
        protocol.score(drawn, labels, images),
        {**protocol.__dict__, "batch": generators.BATCH},
        labelled_sha256(images),
        time.monotonic() - start,
    )


def reconstruction(name: str, images: str, protocol: Any) -> Evaluation:
    """Scores what an autoencoder gives back."""
    protocol.check(images)
    start = time.monotonic()
    system = autoencoders.autoencoder(name)
    clean, labels = protocol.open(images)
    if system.image_shape != clean.shape[1:]:
        raise ValueError(
            f"{images} has images of {clean.shape[1:]}, {name} takes {system.image_shape}"
        )
    reproduced, own = system.reconstruct(clean)
    return Evaluation(
        system,
        {"images": images, "protocol": protocol.name},
        {**protocol.score(clean, np.asarray(reproduced), labels), **own},
        dict(protocol.__dict__),
        labelled_sha256(images),
        time.monotonic() - start,
    )
