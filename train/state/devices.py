"""Meshes, placements, and the one switch between scanned and unrolled steps."""

import os
import re
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from imaging_jax.models.layers import DATA_AXIS

# Numbers of a leaf below which gathering it costs more than holding it.
_SHARED_FROM = 4_096


def share_cores(batch_size: int, most: int = 0) -> None:
    """Makes JAX see a CPU as several devices, one a core, where it hasn't started yet.

    XLA's small convolutions use one core each. The largest number that divides the batch is taken;
    what the environment says, and what several processes share, stays.

    Args:
      batch_size: images that are computed together.
      most: devices at most; 0 for as many as there are cores.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    forced = re.search(r"xla_force_host_platform_device_count=(\d+)", flags)
    count = int(forced.group(1)) if forced else jax.config.jax_num_cpu_devices
    if count < 1 and not jax.distributed.is_initialized():
        limit = min(most or len(cores()), len(cores()))
        count = max(n for n in range(1, limit + 1) if batch_size % n == 0)
        try:
            jax.config.update("jax_num_cpu_devices", count)
        except RuntimeError:
            # It has started, as in a notebook: the devices that are there serve.
            return
    # In XLA's pool each device's running call holds a thread, and so may its next one while it
    # waits for its turn: with fewer threads, a device waits for another that never starts.
    os.environ.setdefault("PJRT_NPROC", str(max(len(cores()), 2 * count)))


def cores() -> list[int]:
    """The cores that this program may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def data_mesh() -> Mesh:
    """A mesh of every device of every process along the one axis `data`."""
    return jax.make_mesh((jax.device_count(),), (DATA_AXIS,), axis_types=(AxisType.Auto,))


def replicated(mesh: Mesh) -> NamedSharding:
    """The placement of what every device holds whole: the state, resident images."""
    return NamedSharding(mesh, PartitionSpec())


def placements(state: Any, mesh: Mesh, shared: bool) -> Any:
    """Where the leaves of a state lie.

    Args:
      state: arrays or their shapes.
      mesh: of the devices.
      shared: each device holds a part of every large leaf, cut along its longest axis that the
        devices divide, and gathers it where it is used (Rajbhandari et al., "ZeRO", 2020, stage
        3); else every device holds all of it.

    Returns:
      A placement for each leaf.
    """

    def place(leaf):
        axes = [axis for axis, length in enumerate(leaf.shape) if length % mesh.size == 0]
        if not shared or leaf.size < _SHARED_FROM or not axes:
            return replicated(mesh)
        return split_over_devices(mesh, axis=max(axes, key=lambda axis: leaf.shape[axis]))

    return jax.tree.map(place, state)


def host_array(x: jax.Array) -> np.ndarray:
    """All of an array, on every process, however it lies on the devices; all must ask for it."""
    if x.is_fully_replicated:
        return np.asarray(x.addressable_data(0))
    if x.is_fully_addressable:
        return np.asarray(x)
    return multihost_utils.process_allgather(x, tiled=True)


def split_over_devices(mesh: Mesh, axis: int = 0) -> NamedSharding:
    """The placement of a batch: `axis` cut over the devices."""
    return NamedSharding(mesh, PartitionSpec(*[None] * axis, DATA_AXIS))


def place_replicated(tree: Any, mesh: Mesh) -> Any:
    """Puts host arrays, the same on every process, whole on every device."""
    sharding = replicated(mesh)
    return jax.tree.map(
        lambda x: jax.make_array_from_callback(x.shape, sharding, lambda index: x[index]), tree
    )


def place_batch(tree: Any, mesh: Mesh) -> Any:
    """Puts this process's rows of a batch on its devices."""
    sharding = split_over_devices(mesh)
    return jax.tree.map(
        lambda x: jax.make_array_from_process_local_data(sharding, np.asarray(x)), tree
    )


def share_out(x: np.ndarray, mesh: Mesh) -> jax.Array:
    """Puts a host array, the same on every process, on the devices.

    Its first axis is cut over them where they divide it, else each holds it whole.
    """
    even = x.shape[0] % mesh.size == 0
    sharding = split_over_devices(mesh) if even else replicated(mesh)
    return jax.make_array_from_callback(x.shape, sharding, lambda index: x[index])


def share_batch(tree: Any) -> Any:
    """Inside a compiled step, cuts arrays made there over the devices, where these divide them.

    What a step draws itself, such as latent vectors, would else be whole on every device, and so
    would all that is computed from it.
    """
    mesh = data_mesh()
    split = split_over_devices(mesh)

    def share(x):
        return x if x.shape[0] % mesh.size else jax.lax.with_sharding_constraint(x, split)

    return jax.tree.map(share, tree)


def at_highest_precision(program: Callable) -> Callable:
    """Wraps a compiled program: GPUs would otherwise round the factors of products to TF32."""

    def run(*arguments):
        with jax.default_matmul_precision("highest"):
            return program(*arguments)

    return run


_unrolled = False


@contextmanager
def unrolled():
    """Unrolls every `scan` traced inside: XLA counts the operations of a loop's body only once."""
    global _unrolled
    before, _unrolled = _unrolled, True
    try:
        yield
    finally:
        _unrolled = before


def scan(step: Callable, carry: Any, xs: Any, length: int | None = None) -> tuple[Any, Any]:
    """`jax.lax.scan`, unrolled on CPU, where a convolution's gradient in a loop is 5-90x slower.

    See jax-ml/jax issue 12868.
    """
    unroll = True if _unrolled or jax.default_backend() == "cpu" else 1
    return jax.lax.scan(step, carry, xs, length=length, unroll=unroll)
