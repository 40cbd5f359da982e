"""Starts a run from weights that exist already."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from imaging_jax import pretrained
from train.state import TrainState
from train.tasks.super_resolution import NETWORK


def initialise_from(state: TrainState, source: str) -> TrainState:
    """Replaces the network's parameters, and their moving averages, by those of `source`.

    Args:
      state: a fresh state.
      source: a .safetensors file of ours, the name of published weights, or a run folder.

    Raises:
      ValueError: nothing readable there, or another model (names the first leaf that differs).
    """
    like = state.params[NETWORK]
    params = jax.tree.map(
        lambda old, new: jax.device_put(jnp.asarray(new, old.dtype), old.sharding),
        like,
        _read(source, like),
    )
    with_new = {**state.params, NETWORK: params}
    averages = {**state.ema_params, NETWORK: jax.tree.map(jnp.copy, params)}
    return state.replace(params=with_new, ema_params=averages if state.ema_params else {})


def _read(source: str, like: Any) -> Any:
    if (Path(source) / "config.json").is_file():
        from train.run import load_run

        _, state, _ = load_run(source)
        return pretrained.match(state.variables(NETWORK)["params"], like, source)
    if source in pretrained.WEIGHTS:
        _, params = pretrained.load(source)
        return pretrained.match(params, like, source)
    return pretrained.load_params(source, like)
