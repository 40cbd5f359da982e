"""Steps and predictions of transformers in turns with the same in PyTorch, where it is there.

A step is the gradient of the output's mean absolute value, and Adam. Both sides start from
the same parameters and compute on one device; PyTorch is eager. On a CPU it takes turns with one
thread and with all.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn

from benchmarks.operator_cases import OURS, Case
from imaging_jax.models.classification import ViT
from imaging_jax.models.restoration import Restormer
from imaging_jax.models.super_resolution import SwinIR

try:
    from benchmarks import torch_transformers
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    torch_transformers = None

_RATE = 1e-4
_LIGHT = SwinIR(3, features=60, depths=(6, 6, 6, 6), upsampler="direct")
_SMALL = Restormer(1, features=16, blocks=(1, 1, 1, 2), refinement=1, mean_free_norm=False)
# The light SwinIR x3, a small Restormer, ViT-B/16; and a batch of each.
NETWORKS = (
    (_LIGHT, (4, 48, 48, 3)),
    (_SMALL, (4, 64, 64, 1)),
    (ViT(), (2, 224, 224, 3)),
)


def cases() -> list[Case]:
    """A step of each network, and a prediction of those that restore, of one image."""
    steps = [case(*row, trained=True) for row in NETWORKS]
    predictions = [
        case(network, (1, *(2 * side for side in shape[1:3]), shape[3]), trained=False)
        for network, shape in NETWORKS[:2]
    ]
    return steps + predictions


def case(network: nn.Module, shape: tuple[int, ...], trained: bool) -> Case:
    """A step of a network on a batch of noise of this shape, or a prediction of it.

    Args:
      network: ours, which has a counterpart.
      shape: (N, H, W, C).
      trained: whether it is a step.
    """
    x = np.random.default_rng(0).random(shape, np.float32)
    params = jax.jit(network.init)(jax.random.key(0), x)["params"]
    programs = {OURS: _step(network, params, x) if trained else _prediction(network, params, x)}
    if torch_transformers is not None:
        programs |= torch_transformers.programs(network, params, x, _RATE, trained)
    what = "step" if trained else "prediction"
    name = f"{type(network).__name__} {what}, {shape[0]} of {shape[1]}x{shape[2]}"
    return Case(name, programs)


def _prediction(network, params, x) -> Callable[[], Any]:
    apply = jax.jit(partial(network.apply, {"params": params}))
    placed = jnp.asarray(x)
    return lambda: jax.block_until_ready(apply(placed))


def _step(network, params, x) -> Callable[[], Any]:
    optimizer, placed = optax.adam(_RATE), jnp.asarray(x)

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(params, state):
        def loss(params):
            return jnp.mean(jnp.abs(network.apply({"params": params}, placed)))

        updates, state = optimizer.update(jax.grad(loss)(params), state)
        return optax.apply_updates(params, updates), state

    held = [jax.tree.map(jnp.copy, params), jax.jit(optimizer.init)(params)]

    def run():
        held[:] = step(*held)
        jax.block_until_ready(held)

    return run
