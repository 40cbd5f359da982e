"""Systems by name: interpolation, weights, a run's checkpoint, and what is made of these."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax import pretrained
from imaging_jax.models import MODELS
from imaging_jax.models.super_resolution import self_ensemble
from imaging_jax.operators import resize
from train.config.registry import look_up, nearest
from train.data import degradations
from train.engine.folder import is_run
from train.engine.restore import load_run
from train.state.devices import data_mesh, replicated
from train.state.train_state import TrainState
from train.systems.classical import PROXIMALS, solver
from train.systems.origin import Origin, trained_here
from train.systems.tiling import Pure
from train.systems.zero_shot import ITERATIONS, zero_shot
from train.tasks.denoising import denoise
from train.tasks.super_resolution import enlarge
from train.tasks.supervised import NETWORK, compiled

INTERPOLATION = ("bicubic", "bilinear", "nearest", "lanczos2", "lanczos3")
IDENTITY, GIVEN, ZERO_SHOT = "identity", "given", "zssr"

# (measured images (N, h, w, C), scale or sigma) -> (N, H, W, C), nominally in [0, 1]
Predict = Callable[[np.ndarray, int], jax.Array]


@dataclass(frozen=True)
class System(Origin):
    """Something that restores images, and where it comes from.

    Attributes, beside those of `Origin`:
      predict: see `Predict`.
      pure: the same without clipping, as a function that can be differentiated; None where there
        is none.
      serves: scales or levels of noise it serves; empty where it serves all.
      condition: what `serves` counts: "scale" or "sigma"; empty where it takes either.
      degradation: the one it undoes, a name of `train.data.degradations.PRESETS`; empty where
        several.
    """

    predict: Predict
    pure: Pure | None = None
    serves: tuple[int, ...] = ()
    origin: str = field(default="interpolation", kw_only=True)
    precision: str = field(default="float64", kw_only=True)
    condition: str = "scale"
    degradation: str = ""

    def check_degradation(self, protocol: Any) -> None:
        """Raises a ValueError where the protocol measures in a way that the system doesn't undo."""
        measured = getattr(protocol, "degradation", "")
        if self.degradation and measured != self.degradation:
            raise ValueError(
                f"{self.name} ({self.weights}) undoes {self.degradation}; the protocol "
                f"{protocol.name} measures by {measured or 'no named degradation'}"
            )

    def check(self, condition: str, value: int) -> None:
        """Raises a ValueError where the system doesn't serve this scale or sigma."""
        if self.condition and condition != self.condition:
            raise ValueError(
                f"{self.name} ({self.weights}) goes by {self.condition}, no {condition}"
            )
        if self.serves and value not in self.serves:
            raise ValueError(f"{condition}={value}: {self.weights} serves {self.serves}")


def interpolation(kernel: str) -> System:
    """MATLAB-compatible interpolation, in float64."""

    def predict(lr: np.ndarray, scale: int) -> jax.Array:
        with jax.enable_x64(True):
            return _interpolate(jnp.asarray(lr, jnp.float64), scale, kernel)

    return System(kernel, "none", predict, partial(resize, kernel=kernel), paper=kernel)


@partial(jax.jit, static_argnums=(1, 2))
def _interpolate(lr, scale, kernel):
    return jnp.clip(resize(lr, scale, kernel=kernel), 0.0, 1.0)


def identity() -> System:
    """What was given, as it is: the measured image's own score."""
    return System("identity", "none", lambda y, condition: y, condition="")


def given(preset: str) -> System:
    """The image that networks are given of a measurement by the named degradation."""
    look_up(degradations.PRESETS, preset, "given")
    predict = jax.jit(lambda y, scale: degradations.estimate(preset, jnp.asarray(y, jnp.float32)))
    return System("given", preset, predict, serves=(1,), precision="float32", degradation=preset)


def classical(name: str, preset: str, weight: str) -> System:
    """FISTA with a prior, for the operator of the named degradation.

    Raises:
      ValueError: no such degradation, or a weight that is no positive number.
    """
    try:
        value = float(weight)
    except ValueError:
        value = 0.0
    if not 0 < value < np.inf:
        raise ValueError(f"{name}:{preset}:{weight}: wanted a positive weight of the prior")
    predict = solver(name, preset, value)
    return System(
        name,
        f"{preset}_{weight}",
        predict,
        serves=(1,),
        precision="float32",
        degradation=preset,
    )


def zero_shot_learning(iterations: int) -> System:
    """A network trained on each image that it enlarges."""

    def predict(lr: np.ndarray, scale: int) -> jax.Array:
        key = jax.random.key(0)
        return jnp.stack(
            [zero_shot(key, jnp.asarray(image, jnp.float32), scale, iterations) for image in lr]
        )

    return System(
        ZERO_SHOT,
        f"{iterations}_iterations",
        predict,
        origin="trained here",
        seed=0,
        training={"iterations": iterations},
        paper=ZERO_SHOT,
        precision="float32",
    )


def weights(name: str) -> System:
    """Weights of `imaging_jax.pretrained`, published or our own."""
    entry = pretrained.WEIGHTS[name]
    if not entry.condition:
        raise ValueError(f"{name}: weights of {entry.model.__name__}, which restores no images")
    network, variables = pretrained.load(name)
    variables = jax.device_put(variables, replicated(data_mesh()))
    restore = partial(denoise if entry.condition == "sigma" else enlarge, network)
    apply = compiled(restore)
    return System(
        next(key for key, model in MODELS.items() if model is entry.model),
        name,
        lambda y, condition: apply(variables, y, condition),
        lambda y, condition: restore(variables, y, condition),
        entry.serves,
        sha256=entry.sha256,
        origin="trained here" if entry.packaged else "published",
        seed=0 if entry.packaged else None,
        paper=entry.paper,
        precision=str(np.dtype(network.dtype)),
        condition=entry.condition,
    )


def trained(run: Path) -> System:
    """The best checkpoint by validation of a run folder, else its last."""
    task, state, config = load_run(run)
    if task.review != "restoration":
        kind = config["task"]["name"]
        raise ValueError(f"{run} is a run of task.name={kind}, which restores no images")
    variables = state.variables(NETWORK)
    return System(
        config["model"]["name"],
        predict=prediction(task, state),
        pure=lambda y, condition: task.restore(variables, y, condition),
        serves=task.serves,
        condition=task.condition,
        precision=config["model"].get("dtype", "float32"),
        **trained_here(run, config, variables),
    )


def prediction(task: Any, state: TrainState) -> Predict:
    """A task's prediction from one state, as evaluators take it."""
    return lambda inputs, condition: task.predict(state, inputs, condition)


def with_self_ensemble(single: System) -> System:
    """The system marked "+" in the papers: the mean of eight turned and mirrored answers."""

    def eightfold(answer):
        return lambda lr, scale: self_ensemble(lambda x: answer(x, scale), jnp.asarray(lr))

    return dataclasses.replace(
        single,
        name=f"{single.name}+",
        predict=eightfold(lambda lr, scale: np.asarray(single.predict(lr, scale), np.float32)),
        pure=eightfold(single.pure) if single.pure else None,
        paper=f"{single.paper}+" if single.paper else "",
    )


def chain(first: System, second: System) -> System:
    """Restores at the image's own size by `first`, then enlarges by `second`.

    Raises:
      ValueError: `first` doesn't serve scale 1.
    """
    first.check("scale", 1)
    pure = None
    if first.pure and second.pure:
        pure = lambda lr, scale: second.pure(first.pure(lr, 1), scale)  # noqa: E731
    return System(
        f"{first.name}, {second.name}",
        f"{first.weights}, {second.weights}",
        lambda lr, scale: second.predict(np.asarray(first.predict(lr, 1)), scale),
        pure,
        second.serves,
        sha256=", ".join(filter(None, (first.sha256, second.sha256))),
        origin="trained here" if "trained here" in (first.origin, second.origin) else second.origin,
        seed=first.seed if second.seed is None else second.seed,
        training={"first": first.training, "second": second.training},
        precision=second.precision,
        condition=second.condition,
    )


def system(name: str) -> System:
    """Opens a system by name.

    Args:
      name: interpolation, weights, a run folder, "identity", "given:<degradation>",
        "fista_tv:<degradation>:<weight>", "fista_wavelet:…", "zssr" or "zssr:<iterations>";
        "<name>+" for the self-ensemble; "<name>,<name>" for one after the other, where "+" holds
        for the one it stands at.

    Raises:
      ValueError: nothing of that name, with the nearest.
    """
    if is_run(Path(name)):
        return trained(Path(name))
    if "," in name:
        first, _, second = name.partition(",")
        return chain(system(first), system(second))
    if name.endswith("+"):
        return with_self_ensemble(system(name[:-1]))
    if name in INTERPOLATION:
        return interpolation(name)
    if name == IDENTITY:
        return identity()
    if name in pretrained.WEIGHTS:
        return weights(name)
    kind, _, rest = name.partition(":")
    if kind == GIVEN:
        return given(rest)
    if kind in PROXIMALS:
        preset, _, weight = rest.partition(":")
        return classical(kind, preset, weight)
    iterations = rest
    if kind == ZERO_SHOT and (iterations.isdigit() or name == ZERO_SHOT):
        if iterations and int(iterations) < 1:
            raise ValueError(f"{name}: wanted at least 1 iteration")
        return zero_shot_learning(int(iterations or ITERATIONS))
    known = [*INTERPOLATION, *pretrained.WEIGHTS, IDENTITY, GIVEN, *PROXIMALS, ZERO_SHOT]
    raise ValueError(f"{name!r} is no run folder and no known system; {nearest(name, known)}")
