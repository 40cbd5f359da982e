"""Optimizers and learning-rate schedules by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import optax

from train.config.registry import build
from train.state.train_state import leaf_name


@dataclass(frozen=True)
class Optimizer:
    """What moves some networks of a state.

    Attributes:
      name: of its entry in the state's `opt_state`.
      networks: that it moves.
      transformation: of the gradients {network: tree}.
      schedule: updates made -> learning rate, for the log.
      count: steps of the run -> updates made.
      prefix: of what it logs.
    """

    name: str
    networks: tuple[str, ...]
    transformation: optax.GradientTransformation
    schedule: optax.Schedule
    count: Callable[[Any], Any] = lambda step: step
    prefix: str = ""

    def init(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Its entry of a new state's `opt_state`, for parameters {network: tree}."""
        own = {name: params[name] for name in self.networks}
        return {self.name: self.transformation.init(own)}


def constant(peak: float, steps: int, warmup: int = 0) -> optax.Schedule:
    """`peak` throughout, after a linear rise over `warmup` steps."""
    del steps
    return _warmed(optax.constant_schedule(peak), peak, warmup)


def cosine(peak: float, steps: int, warmup: int = 0, final: float = 0.0) -> optax.Schedule:
    """Half a cosine from `peak` to `final` at the last step (Loshchilov and Hutter, 2017)."""
    after = optax.cosine_decay_schedule(
        peak, max(steps - warmup, 1), alpha=final / peak if peak else 0.0
    )
    return _warmed(after, peak, warmup)


def step_decay(
    peak: float, steps: int, every: int, factor: float = 0.1, warmup: int = 0
) -> optax.Schedule:
    """`peak` multiplied by `factor` each `every` steps, counted from the start."""
    boundaries = {boundary - warmup: factor for boundary in range(every, steps, every)}
    return _warmed(optax.piecewise_constant_schedule(peak, boundaries), peak, warmup)


def exponential(
    peak: float, steps: int, every: int, factor: float = 0.5, floor: float = 0.0, warmup: int = 0
) -> optax.Schedule:
    """`peak` · `factor`^(step / `every`) + `floor`, falling at every step."""
    del steps
    decay = optax.exponential_decay(peak, every, factor)
    return _warmed(lambda count: decay(count) + floor, peak, warmup)


def _warmed(schedule: optax.Schedule, peak: float, warmup: int) -> optax.Schedule:
    if warmup == 0:
        return schedule
    # The first step already moves: a rate of exactly 0 would waste it.
    rise = optax.linear_schedule(peak / warmup, peak, max(warmup - 1, 1))
    return optax.join_schedules([rise, schedule], [warmup])


def linear(peak: float, steps: int, hold: int) -> optax.Schedule:
    """`peak` for `hold` steps, and then along a line to zero at the last step."""
    if not 0 <= hold < steps:
        raise ValueError(f"schedule.hold={hold}: wanted less than the {steps} steps there are")
    return optax.linear_schedule(peak, 0.0, steps - hold, hold)


SCHEDULES = {
    "constant": constant,
    "cosine": cosine,
    "exponential": exponential,
    "linear": linear,
    "step": step_decay,
}


def adam(schedule, b1: float = 0.9, b2: float = 0.999, epsilon: float = 1e-8):
    """Adam (Kingma and Ba, 2015)."""
    return optax.adam(schedule, b1=b1, b2=b2, eps=epsilon)


def adamw(
    schedule,
    b1: float = 0.9,
    b2: float = 0.999,
    weight_decay: float = 1e-4,
    decayed: tuple[str, ...] = (),
):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019).

    Leaves of the names `decayed` fall, such as "kernel"; all where none is named.

    Raises:
      ValueError: a name that no leaf has.
    """

    def falls(params):
        leaves = jax.tree_util.tree_leaves_with_path(params)
        names = {leaf_name(path).rpartition("/")[2] for path, _ in leaves}
        if lacking := set(decayed) - names:
            raise ValueError(
                f"optimizer.decayed names {', '.join(sorted(lacking))}, which no parameter is "
                f"called; they are called {', '.join(sorted(names))}"
            )
        own = lambda path, _: leaf_name(path).rpartition("/")[2] in decayed  # noqa: E731
        return jax.tree_util.tree_map_with_path(own, params)

    mask = falls if decayed else None
    return optax.adamw(schedule, b1=b1, b2=b2, weight_decay=weight_decay, mask=mask)


def sgd(schedule, momentum: float = 0.9, weight_decay: float = 0.0):
    """Stochastic gradient descent with momentum; weight decay is added to the gradient."""
    return optax.chain(optax.add_decayed_weights(weight_decay), optax.sgd(schedule, momentum))


def rmsprop(schedule, decay: float = 0.99, epsilon: float = 1e-8):
    """RMSProp (Tieleman and Hinton, 2012), with the decay of the Wasserstein GAN's authors."""
    return optax.rmsprop(schedule, decay=decay, eps=epsilon)


def muon(schedule):
    """Muon (Jordan et al., 2024), which makes the momentum of kernels orthogonal; else NAdam.

    The kernel of a convolution is the matrix from all inputs under it to its outputs.
    """
    return optax.contrib.muon(schedule, muon_weight_dimension_numbers=_matrices)


def _matrices(params):
    def dimensions(path, leaf):
        if not leaf_name(path).endswith("kernel") or leaf.ndim < 2:
            return None
        *inputs, outputs = range(leaf.ndim)
        return optax.contrib.MuonDimensionNumbers(tuple(inputs), (outputs,))

    return jax.tree_util.tree_map_with_path(dimensions, params)


OPTIMIZERS = {"adam": adam, "adamw": adamw, "muon": muon, "rmsprop": rmsprop, "sgd": sgd}


def make_optimizer(
    section: Mapping,
    steps: int,
    networks: tuple[str, ...],
    *,
    name: str = "main",
    path: str = "optimizer",
    **values: Any,
) -> Optimizer:
    """Builds the optimizer that a config section describes.

    Args:
      section: `name` and values of OPTIMIZERS; `schedule` (a section of SCHEDULES, with `peak`);
        `clip_norm`, the global gradient norm that is not exceeded (0: none); `multipliers`,
        {part of a parameter's path: factor on its learning rate}.
      steps: updates that it makes, for schedules that end with them.
      networks: what it moves.
      name: of its entry in the state's `opt_state`.
      path: where the section stands in the config, for messages.
      **values: the other fields of `Optimizer`.

    Raises:
      ValueError: unknown or missing keys, by their config path.
    """
    section = dict(section)
    clip_norm = section.pop("clip_norm", 0.0)
    multipliers = dict(section.pop("multipliers", {}))
    if "schedule" not in section:
        raise ValueError(f"{path}.schedule is missing")
    schedule = build(SCHEDULES, section.pop("schedule"), f"{path}.schedule", steps=steps)
    transforms = [build(OPTIMIZERS, section, path, schedule=schedule)]
    if clip_norm:
        transforms.insert(0, optax.clip_by_global_norm(clip_norm))
    if multipliers:
        transforms.append(_scale_by_path(multipliers))
    return Optimizer(name, networks, optax.chain(*transforms), schedule, **values)


def _scale_by_path(multipliers: Mapping[str, float]) -> optax.GradientTransformation:
    def factor(path) -> float:
        name = leaf_name(path)
        return next((f for part, f in multipliers.items() if part in name), 1.0)

    def update(updates, state, params=None):
        del params
        return jax.tree_util.tree_map_with_path(lambda p, u: factor(p) * u, updates), state

    def init(params):
        paths = [leaf_name(path) for path, _ in jax.tree_util.tree_leaves_with_path(params)]
        for part in multipliers:
            if not any(part in path for path in paths):
                raise ValueError(
                    f"optimizer.multipliers names {part!r}, which no parameter's path contains; "
                    f"the paths are {', '.join(paths)}"
                )
        return optax.EmptyState()

    return optax.GradientTransformation(init, update)
