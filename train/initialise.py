"""Starts a run from weights that exist already."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from imaging_jax import pretrained
from train.folder import is_run
from train.state import TrainState
from train.tasks.supervised import NETWORK


def read_initial(source: str, wanted: TrainState) -> Any:
    """Reads the variables of the network to start from; None where `source` is empty.

    Args:
      source: a .safetensors file of ours, the name of published weights, or a run folder.
      wanted: the run's first state, as shapes.

    Raises:
      ValueError: nothing readable there, or another model (names the first leaf that differs).
    """
    if not source:
        return None
    like = {"params": wanted.params[NETWORK], **wanted.collections.get(NETWORK, {})}
    if is_run(Path(source)):
        from train.run import load_run

        _, state, _ = load_run(source)
        return pretrained.match(state.variables(NETWORK), like, source)
    if source in pretrained.WEIGHTS:
        _, variables = pretrained.load(source)
        return pretrained.match(variables, like, source)
    return pretrained.load_params(source, like)


def with_initial(state: TrainState, variables: Any) -> TrainState:
    """The state with these variables in place of the network's, and of their moving averages."""
    if variables is None:
        return state
    fresh = lambda like: jax.tree.map(  # noqa: E731
        lambda old, new: jax.device_put(jnp.array(new, old.dtype), old.sharding),
        like,
        {name: variables[name] for name in like},
    )
    own = {"params": state.params[NETWORK], **state.collections.get(NETWORK, {})}
    averages = (state.ema_params, state.ema_collections)

    def put(params, collections):
        new = fresh(own)
        new_params = new.pop("params")
        return {**params, NETWORK: new_params}, {**collections, NETWORK: new} if new else {}

    params, collections = put(state.params, state.collections)
    ema_params, ema_collections = put(*averages) if state.ema_params else averages
    return state.replace(
        params=params,
        collections=collections,
        ema_params=ema_params,
        ema_collections=ema_collections,
    )
