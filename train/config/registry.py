"""Things found by name: one function that builds what a config section asks for."""

import difflib
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args, get_origin

import jax.numpy as jnp

_SCALARS = {int: int, float: (float, int), str: str, bool: bool}


def nearest(name: str, names) -> str:
    """Returns ", did you mean 'x'?" for the closest of `names`, or the whole list if none is."""
    close = difflib.get_close_matches(str(name), [str(n) for n in names], n=1)
    return (
        f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(map(str, names)))}"
    )


def look_up(table: Mapping[str, Any], name: str, path: str) -> Any:
    """Returns `table[name]`; raises a ValueError naming the config key `path` and the nearest."""
    if name not in table:
        raise ValueError(f"{path}={name!r} is unknown; {nearest(name, table)}")
    return table[name]


def positive(word: str, where: str, wanted: str) -> float:
    """Reads a positive, finite number out of a name; else a ValueError of where and what it is."""
    try:
        value = float(word)
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        raise ValueError(f"{where}: wanted {wanted}")
    return value


def build(table: Mapping[str, Callable], section: Mapping[str, Any], path: str, **given) -> Any:
    """Calls `table[section["name"]]` with the section's other values and what the caller gives.

    Args:
      table: constructors by name.
      section: a config section; `name` chooses, the rest are keyword arguments.
      path: where the section stands in the config, for messages.
      **given: arguments that come from the program, not from the config.

    Raises:
      ValueError: an unknown name, an unknown key or a missing one, each with its config path.
    """
    values = dict(section)
    if "name" not in values:
        raise ValueError(f"{path}.name is missing; known: {', '.join(sorted(table))}")
    constructor = look_up(table, values.pop("name"), f"{path}.name")
    return call(constructor, values, path, **given)


def call(constructor: Callable, values: Mapping[str, Any], path: str, **given) -> Any:
    """Calls `constructor(**values, **given)` after checking every key against its signature."""
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(constructor, eval_str=True).parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD and name not in ("name", "parent")
    }
    open_keys = [name for name in parameters if name not in given]
    for key in values:
        if key not in open_keys:
            raise ValueError(
                f"{path}.{key} is unknown: {path} has no key {key!r}; {nearest(key, open_keys)}"
            )
    for key in open_keys:
        if parameters[key].default is inspect.Parameter.empty and key not in values:
            raise ValueError(f"{path}.{key} is missing")
    for key, value in values.items():
        _check_type(value, parameters[key].annotation, key, f"{path}.{key}={value!r}")
    used = {name: value for name, value in given.items() if name in parameters}
    return constructor(**{key: _immutable(value) for key, value in values.items()}, **used)


def _check_type(value: Any, wanted: Any, key: str, where: str) -> None:
    if wanted in _SCALARS:
        kinds = _SCALARS[wanted]
        if not isinstance(value, kinds) or isinstance(value, bool) != (wanted is bool):
            raise ValueError(f"{where}: wanted {wanted.__name__}")
    elif get_origin(wanted) is Literal and value not in get_args(wanted):
        raise ValueError(f"{where} is unknown; {nearest(value, get_args(wanted))}")
    elif get_origin(wanted) is tuple:
        _check_tuple(value, get_args(wanted), key, where)
    elif key == "dtype":
        _check_dtype(value, where)


def _check_tuple(value: Any, kinds: tuple, key: str, where: str) -> None:
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{where}: wanted a tuple")
    if kinds[1:] == (...,):
        kinds = kinds[:1] * len(value)
    if len(kinds) != len(value):
        raise ValueError(f"{where}: wanted {len(kinds)} values")
    for entry, kind in zip(value, kinds, strict=True):
        _check_type(entry, kind, key, where)


def _check_dtype(value: Any, where: str) -> None:
    try:
        jnp.dtype(value)
    except TypeError:
        raise ValueError(f"{where}: wanted a type such as 'float32' or 'bfloat16'") from None


def _immutable(value: Any) -> Any:
    # A config read back from JSON has lists where it was written with tuples.
    return tuple(map(_immutable, value)) if isinstance(value, (list, tuple)) else value
