import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.custom_derivatives import SymbolicZero
from jax.sharding import PartitionSpec

# Of a mesh: along it a batch is cut over the devices.
DATA_AXIS = "data"
# Numbers, 16 MB of float32: of what fits into the caches of the CPUs measured.
_UNFOLDED = 4_000_000


def convolve(
    x: jax.Array, kernel: jax.Array, strides: Any, padding: Any, **settings: Any
) -> jax.Array:
    """`jax.lax.conv_general_dilated` of ``(N, …, C)``, trained faster on CPU.

    XLA's gradient by the kernel unfolds the whole batch, which falls out of the cache: a batch
    that is larger unfolded than 16 MB is cut into pieces there, whose gradients are added. Values
    and derivatives of every order are those of XLA's own up to rounding. Where a mesh whose axis
    "data" cuts the batch is set (`jax.set_mesh`), each device cuts its own share.

    Args:
        x: ``(N, …, C)``.
        kernel: ``(…, C, features)``.
        strides: as `jax.lax.conv_general_dilated` takes them.
        padding: likewise.
        **settings: likewise.
    """
    plain = partial(
        jax.lax.conv_general_dilated, window_strides=strides, padding=padding, **settings
    )
    if jax.default_backend() != "cpu" or _pieces(plain, x, kernel) == 1:
        return plain(x, kernel)
    return _convolve(plain, x, kernel)


class Conv(nn.Conv):
    """Flax's convolution by `convolve`."""

    conv_general_dilated_cls: Any = lambda: convolve


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _convolve(plain, x, kernel):
    return plain(x, kernel)


@partial(_convolve.defjvp, symbolic_zeros=True)
def _tangent(plain, primals, tangents):
    (x, kernel), (dx, dkernel) = primals, tangents
    moved = [plain(dx, kernel)] if not isinstance(dx, SymbolicZero) else []
    if not isinstance(dkernel, SymbolicZero):
        # Linear in the kernel's change: its transpose, the gradient, adds up over the pieces.
        moved.append(_by_pieces(plain, x, dkernel))
    return _convolve(plain, x, kernel), sum(moved)


def _by_pieces(plain, x, kernel):
    share = partial(_concatenated, plain, _pieces(plain, x, kernel))
    if _devices(x) == 1:
        return share(x, kernel)
    split = PartitionSpec(DATA_AXIS)
    return jax.shard_map(share, in_specs=(split, PartitionSpec()), out_specs=split)(x, kernel)


def _concatenated(plain: Callable, pieces: int, x: jax.Array, kernel: jax.Array) -> jax.Array:
    return jnp.concatenate([plain(part, kernel) for part in jnp.array_split(x, pieces)])


def _pieces(plain: Callable, x: jax.Array, kernel: jax.Array) -> int:
    """How many pieces a device cuts its share of the batch into."""
    batch = x.shape[0] // _devices(x)
    positions = math.prod(jax.eval_shape(plain, x, kernel).shape[1:-1])
    unfolded = batch * positions * math.prod(kernel.shape[:-1])
    return max(1, min(batch, unfolded // _UNFOLDED))


def _devices(x: jax.Array) -> int:
    """The devices that share out a batch."""
    count = dict(jax.sharding.get_abstract_mesh().shape).get(DATA_AXIS, 1)
    return count if x.shape[0] % count == 0 else 1
