"""Starts a run from weights that exist already."""

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from imaging_jax import pretrained
from train.config.registry import look_up
from train.engine.folder import is_run
from train.engine.restore import load_run
from train.state.train_state import TrainState


def read_initial(source: str, wanted: TrainState, exports: Sequence[str]) -> dict[str, Any]:
    """Reads the variables of the networks to start from, by name; none where `source` is empty.

    Args:
      source: where from: a .safetensors file of ours, the name of published weights, or a run
        folder, which gives every network that the state has; or "{network: one of these}", in
        quotes.
      wanted: the run's first state, as shapes.
      exports: the networks that a file of a run holds.

    Raises:
      ValueError: nothing readable there, an unknown network, or another model (names the first
        leaf that differs).
    """
    if not source:
        return {}
    if source.startswith("{"):
        sources = _parsed(source)
        for name in sources:
            look_up(wanted.params, name, "a network of init_from")
        return {name: _read(where, name, wanted) for name, where in sources.items()}
    if is_run(Path(source)):
        return {name: _read(source, name, wanted) for name in wanted.params}
    if len(exports) == 1 or source in pretrained.WEIGHTS:
        return {exports[0]: _read(source, exports[0], wanted)}
    like = {name: _own(wanted.params, wanted.collections, name) for name in exports}
    return pretrained.load_params(source, like)


def _parsed(source: str) -> dict[str, str]:
    try:
        return dict(ast.literal_eval(source))
    except (SyntaxError, TypeError, ValueError):
        wanted = "{'<network>': '<source>'}"
        raise ValueError(f"init_from={source}: wanted {wanted}") from None


def _read(source: str, name: str, wanted: TrainState) -> Any:
    """The variables of one network."""
    like = _own(wanted.params, wanted.collections, name)
    if is_run(Path(source)):
        _, state, _ = load_run(source)
        look_up(state.params, name, f"init_from={source}: its network")
        return pretrained.match(state.variables(name), like, source)
    if source in pretrained.WEIGHTS:
        _, variables = pretrained.load(source)
        return pretrained.match(variables, like, source)
    return pretrained.load_params(source, like)


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
