"""Step functions that tasks share."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from train.state.devices import scan
from train.state.train_state import TrainState, exponential_moving_average


def supervised_step(
    loss: Callable,
    optimizer: optax.GradientTransformation,
    schedule: optax.Schedule,
    *,
    accumulate: int = 1,
    ema_decay: float = 0.0,
) -> Callable[[TrainState, Any], tuple[TrainState, dict]]:
    """One optimizer step on the parameters of all networks of the state.

    Args:
      loss: (params, collections, key, batch) -> (scalar, new collections).
      optimizer: the state's `opt_state["main"]` belongs to it.
      schedule: step -> learning rate, for the log.
      accumulate: parts a batch is cut into; their gradients are averaged.
      ema_decay: decay of the moving averages; 0 keeps none.

    Returns:
      (state, batch) -> (state, {"loss", "gradient_norm", "learning_rate"}).
    """
    gradient = jax.value_and_grad(loss, has_aux=True)

    def mean_gradient(state: TrainState, batch):
        key = state.step_key()
        if accumulate == 1:
            (value, collections), grads = gradient(state.params, state.collections, key, batch)
            return value, collections, grads

        def add(carry, part):
            total, grads, collections = carry
            index, images = part
            (value, collections), new = gradient(
                state.params, collections, jax.random.fold_in(key, index), images
            )
            return (total + value, jax.tree.map(jnp.add, grads, new), collections), None

        zeros = jax.tree.map(jnp.zeros_like, state.params)
        parts = (jnp.arange(accumulate), jax.tree.map(lambda x: _parts(x, accumulate), batch))
        start = (jnp.zeros(()), zeros, state.collections)
        (total, grads, collections), _ = scan(add, start, parts)
        return total / accumulate, collections, jax.tree.map(lambda g: g / accumulate, grads)

    def step(state: TrainState, batch) -> tuple[TrainState, dict]:
        value, collections, grads = mean_gradient(state, batch)
        updates, opt_state = optimizer.update(grads, state.opt_state["main"], state.params)
        params = optax.apply_updates(state.params, updates)
        averages = {}
        if ema_decay:
            averages = {
                "ema_params": exponential_moving_average(state.ema_params, params, ema_decay),
                "ema_collections": collections,
            }
        metrics = {
            "loss": value,
            "gradient_norm": optax.tree.norm(grads),
            "learning_rate": jnp.asarray(schedule(state.step), jnp.float32),
        }
        state = state.replace(
            step=state.step + 1,
            params=params,
            collections=collections,
            opt_state={"main": opt_state},
            **averages,
        )
        return state, metrics

    return step


def _parts(x: jax.Array, count: int) -> jax.Array:
    # Every count-th image, so that a batch split over devices stays where it is.
    return jnp.swapaxes(x.reshape(x.shape[0] // count, count, *x.shape[1:]), 0, 1)
