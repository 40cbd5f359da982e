"""Starts a run from weights that exist already."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from imaging_jax import pretrained
from train.engine.folder import is_run
from train.engine.restore import load_run
from train.state.train_state import TrainState


def read_initial(source: str, wanted: TrainState, network: str) -> dict[str, Any]:
    """Reads the variables of the networks to start from, by name; none where `source` is empty.

    Args:
      source: a .safetensors file of ours, the name of published weights, or a run folder, which
        gives every network that the state has.
      wanted: the run's first state, as shapes.
      network: whose weights a file holds.

    Raises:
      ValueError: nothing readable there, or another model (names the first leaf that differs).
    """
    if not source:
        return {}
    if is_run(Path(source)):
        _, state, _ = load_run(source)
        return {name: _of_run(state, name, wanted, source) for name in wanted.params}
    like = _own(wanted.params, wanted.collections, network)
    if source in pretrained.WEIGHTS:
        _, variables = pretrained.load(source)
        return {network: pretrained.match(variables, like, source)}
    return {network: pretrained.load_params(source, like)}


def _of_run(state: TrainState, name: str, wanted: TrainState, source: str) -> Any:
    if name not in state.params:
        raise ValueError(f"{source} has no network {name!r}; it has {', '.join(state.params)}")
    like = _own(wanted.params, wanted.collections, name)
    return pretrained.match(state.variables(name), like, source)


def _own(params, collections, name: str) -> dict[str, Any]:
    return {"params": params[name], **collections.get(name, {})}


def with_initial(state: TrainState, initial: dict[str, Any]) -> TrainState:
    """The state with these variables in place of its networks', and of their moving averages."""
    for name, variables in initial.items():
        params, collections = _put(state.params, state.collections, name, variables)
        averages = {}
        if name in state.ema_params:
            ema = _put(state.ema_params, state.ema_collections, name, variables)
            averages = dict(zip(("ema_params", "ema_collections"), ema, strict=True))
        state = state.replace(params=params, collections=collections, **averages)
    return state


def _put(params, collections, name: str, variables: Any) -> tuple[dict, dict]:
    """Copies variables to where those of the network of this name lie."""
    own = _own(params, collections, name)
    new = jax.tree.map(
        lambda old, new: jax.device_put(jnp.array(new, old.dtype), old.sharding),
        own,
        {key: variables[key] for key in own},
    )
    new_params = new.pop("params")
    return {**params, name: new_params}, {**collections, name: new} if new else collections
