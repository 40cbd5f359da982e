"""Compiles what a task applies: inputs on the host, shared out among the devices."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from train.data.fields import Field, Fields, as_numbers
from train.state.devices import data_mesh, replicated, share_out


def compiled(apply: Callable[..., dict], takes: Fields, gives: Fields) -> Callable[..., dict]:
    """Compiles a pure function (variables, inputs, **options) -> outputs.

    Whole numbers among the options, such as a scale, shape the program; others are traced. Images
    are clipped to the range of their field. Products take the highest precision, where GPUs would
    otherwise round to TF32 and lose the papers' last digit, unless the network says another.

    Args:
      apply: see `train.tasks`.
      takes: fields of the inputs; what they are called and their types.
      gives: fields of the outputs.

    Returns:
      The same function of arrays on the host; its outputs lie whole on every device.
    """
    mesh = data_mesh()

    @partial(jax.jit, static_argnums=3, out_shardings=replicated(mesh))
    def program(variables, inputs, traced, fixed):
        outputs = apply(variables, inputs, **traced, **dict(fixed))
        return {name: _clipped(value, gives[name]) for name, value in outputs.items()}

    def run(variables: Any, inputs: dict[str, Any], **options: Any) -> dict[str, jax.Array]:
        if unknown := inputs.keys() - takes.keys():
            raise ValueError(f"inputs: takes {', '.join(takes)}, got {', '.join(sorted(unknown))}")
        if not inputs:
            raise ValueError(f"inputs: takes {', '.join(takes)}, got none")
        fixed = {name: value for name, value in options.items() if isinstance(value, int)}
        traced = {name: value for name, value in options.items() if name not in fixed}
        arrays = {
            name: share_out(as_numbers(name, value, takes[name]), mesh)
            for name, value in inputs.items()
        }
        with jax.default_matmul_precision("highest"):
            return program(variables, arrays, traced, tuple(sorted(fixed.items())))

    return run


def _clipped(value: jax.Array, field: Field) -> jax.Array:
    if field.kind != "image" or field.range is None:
        return value
    return jnp.clip(value, *field.range)
