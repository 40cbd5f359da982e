"""What is said before a run trains: what changed since its last start, what may surprise."""

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from train.config.settings import plain
from train.data import degradations
from train.data.presets import PRESETS
from train.engine.restore import build_task
from train.scoring.protocols import PROTOCOLS
from train.state.stage import learning_rates
from train.tasks import SuperResolution, Task

# A mean difference of two images, of 255, that isn't only that of two JPEG decoders.
_SAME = 0.1
_SIDE = 48


def says_changes(
    config: Mapping[str, Any], changed: Mapping[str, tuple[Any, Any]], task: Task, step: int
) -> Iterator[str]:
    """Yields lines on a run that goes on from `step` with other values than it was made with.

    Args:
      config: as it is now.
      changed: {key: (there, now)}.
      task: of `config`.
      step: how many the run has trained.
    """
    if not changed:
        return
    yield "changed: " + "; ".join(f"{key} {a!r} -> {b!r}" for key, (a, b) in changed.items())
    if "train.steps" not in changed or step == 0:
        return
    before = plain(config)
    before["train"]["steps"] = changed["train.steps"][0]
    before = build_task(before)
    last, planned = (learning_rates(t.stages, step - 1) for t in (before, task))
    for name, then in learning_rates(task.stages, step).items():
        if last[name] != planned[name]:
            turn = "jumps up" if then > last[name] else "falls"
            yield (
                f"the schedule depends on train.steps: the learning rate of the {name} {turn} from "
                f"{last[name]:.3g} to {then:.3g} at step {step}"
            )


def says_degradations(config: Mapping[str, Any], task: Task) -> Iterator[str]:
    """Yields a line where training and validation measure one and the same image differently."""
    protocol = config["validation"]["protocol"]
    if not isinstance(task, SuperResolution) or PROTOCOLS[protocol].condition != "scale":
        return
    scale, preset = config["validation"]["scale"], task.degradation
    side, channels = _SIDE * scale, 1 if task.colour == "grey" else 3
    image = np.random.default_rng(0).random((1, side, side, channels))
    scored, reference = PROTOCOLS[protocol].degrade(image, scale, [0])
    with jax.enable_x64(True):
        if PRESETS[preset].target:
            # What is compared with isn't what is measured.
            reference = degradations.reference(preset, jnp.asarray(image))
        # Protocols draw the noise of the first image by this key.
        trained = degradations.degrade(jax.random.key(0), reference[0], preset, scale)[None]
        if trained.shape != scored.shape:
            raise ValueError(
                f"task.degradation={preset} measures {trained.shape[1:]} of an image of {side} "
                f"pixels a side, validation.protocol={protocol} {scored.shape[1:]}; wanted the same"
            )
        difference = 255 * float(jnp.mean(jnp.abs(trained - scored)))
    if difference > _SAME:
        yield (
            f"task.degradation={preset} ({_kind(trained)}) is trained on, validation.protocol="
            f"{protocol} ({_kind(scored)}) measures otherwise: pixels differ by {difference:.2f} "
            "of 255 on average"
        )


def _kind(image: jax.Array) -> str:
    levels = 255 * np.asarray(image, np.float64)
    return "8 bits" if np.allclose(levels, np.rint(levels), atol=1e-4) else "not rounded"
