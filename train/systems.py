"""Systems by name: interpolation, published weights, a run's checkpoint."""

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax import pretrained
from imaging_jax.operators import resize
from train.devices import data_mesh, replicated
from train.evaluators import Predict, prediction
from train.folder import is_run, training_of
from train.registry import nearest
from train.tasks.super_resolution import NETWORK, compiled_super_resolve

INTERPOLATION = ("bicubic", "bilinear", "nearest", "lanczos2", "lanczos3")


@dataclass(frozen=True)
class System:
    """Something that super-resolves, and where it comes from.

    Attributes:
      name: of the system, as its paper names it.
      weights: name of the weights, "none" for interpolation.
      predict: see `train.evaluators.Predict`.
      scales: factors it serves; empty where it serves all.
      sha256: of the weights' file, or empty.
      origin: "interpolation", "published" or "trained here".
      seed: of the training, where it was trained here.
      training: where and how, likewise: the run's config, seconds and provenance.
      paper: the published system it reproduces, as `published.json` names it; or empty.
      precision: of its arithmetic.
    """

    name: str
    weights: str
    predict: Predict
    scales: tuple[int, ...] = ()
    sha256: str = ""
    origin: str = "interpolation"
    seed: int | None = None
    training: dict | None = None
    paper: str = ""
    precision: str = "float64"

    def check_scale(self, scale: int) -> None:
        """Raises a ValueError where the system doesn't serve `scale`."""
        if self.scales and scale not in self.scales:
            raise ValueError(f"scale={scale}: {self.weights} serves {self.scales}")


def interpolation(kernel: str) -> System:
    """MATLAB-compatible interpolation, in float64."""

    def predict(lr: np.ndarray, scale: int) -> jax.Array:
        with jax.enable_x64(True):
            return _interpolate(jnp.asarray(lr, jnp.float64), scale, kernel)

    return System(kernel, "none", predict, paper=kernel)


@partial(jax.jit, static_argnums=(1, 2))
def _interpolate(lr, scale, kernel):
    return jnp.clip(resize(lr, scale, kernel=kernel), 0.0, 1.0)


def published(name: str) -> System:
    """Published weights of `imaging_jax.pretrained`."""
    weights = pretrained.WEIGHTS[name]
    network, params = pretrained.load(name)
    variables = jax.device_put({"params": params}, replicated(data_mesh()))
    super_resolve = compiled_super_resolve(network)
    predict = lambda lr, scale: super_resolve(variables, lr, scale)  # noqa: E731
    return System(
        weights.model.__name__.lower(),
        name,
        predict,
        weights.scales,
        weights.sha256,
        "published",
        paper=weights.paper,
        precision=str(np.dtype(network.dtype)),
    )


def trained(run: Path) -> System:
    """The best checkpoint by validation of a run folder, else its last."""
    from train.run import load_run

    task, state, config = load_run(run)
    return System(
        config["model"]["name"],
        run.resolve().name,
        prediction(task, state),
        tuple(config["task"]["scales"]),
        _digest(state.variables(NETWORK)),
        "trained here",
        config["seed"],
        {"config": config, **training_of(run)},
        config["paper"],
        config["model"].get("dtype", "float32"),
    )


def _digest(tree) -> str:
    digest = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        digest.update(jax.tree_util.keystr(path).encode())
        digest.update(np.ascontiguousarray(leaf).tobytes())
    return digest.hexdigest()


def system(name: str) -> System:
    """Opens a system: interpolation, the name of published weights, or a run folder.

    Raises:
      ValueError: nothing of that name, with the nearest.
    """
    if name in INTERPOLATION:
        return interpolation(name)
    if name in pretrained.WEIGHTS:
        return published(name)
    if is_run(Path(name)):
        return trained(Path(name))
    known = [*INTERPOLATION, *pretrained.WEIGHTS]
    raise ValueError(f"{name!r} is no run folder and no known system; {nearest(name, known)}")
