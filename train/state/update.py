"""The one update that every step function makes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

from train.state.devices import scan
from train.state.optimizers import Optimizer
from train.state.train_state import TrainState, exponential_moving_average

# (params, collections, key, batch) -> (value, (collections, metrics)); parameters and collections
# are those of all networks of the state, {network: tree}.
Loss = Callable[[dict, dict, jax.Array, Any], tuple[jax.Array, tuple[dict, dict]]]


def update(
    state: TrainState,
    loss: Loss,
    key: jax.Array,
    batch: Any,
    optimizers: Sequence[Optimizer],
    *,
    ema: Mapping[str, float] | None = None,
    accumulate: int = 1,
) -> tuple[TrainState, dict[str, jax.Array]]:
    """Moves the networks of some optimizers down the gradient of one loss.

    The step of the state stays: a step function may make several updates.

    Args:
      state: where to start.
      loss: what falls; it gives back the collections that it changed, and what is to be logged.
      key: of what the loss draws.
      batch: arrays whose first axis is the batch, or None.
      optimizers: each moves its own networks; the others stand still.
      ema: decay of the moving averages by network; they follow those named here.
      accumulate: parts a batch is cut into, whose gradients are averaged.

    Returns:
      The state, and {"loss", the loss's own metrics, and by optimizer "gradient_norm" and
      "learning_rate"}, where an optimizer has a prefix with it.
    """
    moved = {name: state.params[name] for optimizer in optimizers for name in optimizer.networks}

    def of_moved(moved, collections, key, batch):
        return loss({**state.params, **moved}, collections, key, batch)

    gradient = jax.value_and_grad(of_moved, has_aux=True)
    if accumulate > 1:
        gradient = _averaged(gradient, accumulate)
    (value, (collections, metrics)), grads = gradient(moved, state.collections, key, batch)
    metrics = {f"{optimizers[0].prefix}loss": value, **metrics}
    params, opt_state = state.params, state.opt_state
    for optimizer in optimizers:
        own = {name: grads[name] for name in optimizer.networks}
        before = {name: params[name] for name in optimizer.networks}
        updates, changed = optimizer.transformation.update(own, opt_state[optimizer.name], before)
        params = {**params, **optax.apply_updates(before, updates)}
        opt_state = {**opt_state, optimizer.name: changed}
        rate = optimizer.schedule(optimizer.count(state.step))
        metrics[f"{optimizer.prefix}gradient_norm"] = optax.tree.norm(own)
        metrics[f"{optimizer.prefix}learning_rate"] = jnp.asarray(rate, jnp.float32)
    state = state.replace(
        params=params, collections={**state.collections, **collections}, opt_state=opt_state
    )
    return _followed(state, ema or {}), metrics


def step_function(
    loss: Loss,
    optimizers: Sequence[Optimizer],
    *,
    ema: Mapping[str, float] | None = None,
    accumulate: int = 1,
) -> Callable[[TrainState, Any], tuple[TrainState, dict]]:
    """The step function of a single update: (state, batch) -> (state, metrics)."""

    def step(state: TrainState, batch: Any) -> tuple[TrainState, dict]:
        key = state.step_key()
        state, metrics = update(state, loss, key, batch, optimizers, ema=ema, accumulate=accumulate)
        return state.replace(step=state.step + 1), metrics

    return step


def _followed(state: TrainState, ema: Mapping[str, float]) -> TrainState:
    """The state with moving averages one update on; running statistics are taken as they are."""
    averages = {
        name: exponential_moving_average(state.ema_params[name], state.params[name], decay)
        for name, decay in ema.items()
    }
    statistics = {name: state.collections[name] for name in ema if name in state.collections}
    return state.replace(
        ema_params={**state.ema_params, **averages},
        ema_collections={**state.ema_collections, **statistics},
    )


def _averaged(gradient: Callable, count: int) -> Callable:
    """The mean of values, metrics and gradients over parts of a batch, one after the other."""

    def mean(params, collections, key, batch):
        def of_part(collections, part):
            index, inputs = part
            return gradient(params, collections, jax.random.fold_in(key, index), inputs)

        def add(carry, part):
            total, collections = carry
            (value, (changed, metrics)), grads = of_part(collections, part)
            new = jax.tree.map(jnp.add, total, (value, metrics, grads))
            return (new, {**collections, **changed}), None

        parts = (jnp.arange(count), jax.tree.map(lambda x: _parts(x, count), batch))
        first = jax.tree.map(lambda x: x[0], parts)
        (value, (_, metrics)), grads = jax.eval_shape(of_part, collections, first)
        zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), (value, metrics, grads))
        (total, collections), _ = scan(add, (zeros, collections), parts)
        value, metrics, grads = jax.tree.map(lambda x: x / count, total)
        return (value, (collections, metrics)), grads

    return mean


def _parts(x: jax.Array, count: int) -> jax.Array:
    # Every count-th image, so that a batch split over devices stays where it is.
    return jnp.swapaxes(x.reshape(x.shape[0] // count, count, *x.shape[1:]), 0, 1)
