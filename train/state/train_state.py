"""The one training state, for every task."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

Tree = Any


def leaf_name(path: tuple) -> str:
    """A leaf's path in a tree as words joined by "/", for messages and lists."""
    return jax.tree_util.keystr(path, simple=True, separator="/")


@struct.dataclass
class TrainState:
    """All that a training run is: two equal states go on equally.

    Attributes:
      step: int32, steps taken over all stages.
      params: {network name: parameter tree}.
      collections: {network name: {"batch_stats": …}}, what `apply` changes besides gradients.
      opt_state: {optimizer name: tree}.
      ema_params: {network name: tree}, moving averages, or empty.
      ema_collections: {network name: tree}, or empty.
      extras: {name: tree} that a task declares: image pool, running means, stage.
      key: the stream from which every step folds its own key.
    """

    step: jax.Array
    params: dict[str, Tree]
    collections: dict[str, Tree]
    opt_state: dict[str, Tree]
    ema_params: dict[str, Tree]
    ema_collections: dict[str, Tree]
    extras: dict[str, Tree]
    key: jax.Array

    def batch_key(self) -> jax.Array:
        """The key from which this step's batch is drawn: a function of (seed, step) alone."""
        return jax.random.fold_in(jax.random.fold_in(self.key, 0), self.step)

    def step_key(self) -> jax.Array:
        """The key of this step's own randomness: dropout, noise, degradation."""
        return jax.random.fold_in(jax.random.fold_in(self.key, 1), self.step)

    def variables(self, network: str) -> dict[str, Tree]:
        """The variables that predictions use: the moving averages where they are kept."""
        params = self.ema_params if network in self.ema_params else self.params
        collections = self.ema_collections if network in self.ema_params else self.collections
        return {"params": params[network], **collections.get(network, {})}


def exponential_moving_average(average: Tree, value: Tree, decay: float) -> Tree:
    """Returns decay · average + (1 - decay) · value, leaf by leaf."""
    return jax.tree.map(lambda a, v: decay * a + (1.0 - decay) * v, average, value)


def create(
    key: jax.Array,
    params: dict[str, Tree],
    collections: dict[str, Tree],
    opt_state: dict[str, Tree],
    *,
    averaged: tuple[str, ...] = (),
    extras: dict[str, Tree] | None = None,
) -> TrainState:
    """A state at step 0, with moving averages of the networks `averaged` that start at them."""
    of = lambda trees: {n: jax.tree.map(jnp.copy, trees[n]) for n in averaged if n in trees}  # noqa: E731
    return TrainState(
        step=jnp.int32(0),
        params=params,
        collections=collections,
        opt_state=opt_state,
        ema_params=of(params),
        ema_collections=of(collections),
        extras=extras or {},
        key=key,
    )
