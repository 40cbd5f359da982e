"""What the machine can do: its matrix products, the memory that a program takes."""

import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.timing import Subject
from train.state.devices import cores

_SIZES = {"cpu": (1024, 2048)}
_LARGE_SIZES = (4096, 8192)


# Of the cores, above which other programs make a comparison by all of them unfair.
_BUSY = 0.25
DISTURBED = (
    "no ratio: other programs used the cores meanwhile, by which threads that wait for each other "
    "lose most; with one core (taskset -c 0) it is a fair one"
)


def load() -> dict[str, float]:
    """How many programs wanted a core in the last minute, and how many cores this one may use."""
    return {"load_average": os.getloadavg()[0], "cores": len(cores())}


class Others:
    """Watches what other programs take of our cores, from its making on."""

    def __init__(self):
        self._start = _clocks()

    def cores(self) -> float:
        """How many cores they kept busy on the average; programs that we started count once done.

        Where the system doesn't count, the load average is taken.
        """
        start, end = self._start, _clocks()
        if start is None:
            return os.getloadavg()[0]
        wall, busy, own = (after - before for before, after in zip(start, end, strict=True))
        return max(busy - own, 0.0) / max(wall, 1e-9)


def _clocks() -> tuple[float, float, float] | None:
    """Seconds: the wall's, those our cores were busy, and those of them that were our own."""
    try:
        lines = Path("/proc/stat").read_text().splitlines()
    except OSError:
        return None
    ours = {f"cpu{core}" for core in cores()}
    counts = [line.split() for line in lines if line.split()[0] in ours]
    # Of user, nice, system, idle, waiting, interrupts and stolen all but the fourth and fifth.
    ticks = sum(int(word) for words in counts for word in (*words[1:4], *words[6:9]))
    return time.monotonic(), ticks / os.sysconf("SC_CLK_TCK"), sum(os.times()[:4])


def disturbed(load: Mapping[str, float]) -> bool:
    """Whether other programs that kept "others" of "cores" busy disturbed who used them all."""
    return load["cores"] > 1 and load["others"] > _BUSY * load["cores"]


def pin_if_busy(seconds: float = 1.0) -> None:
    """Keeps this program and those it starts on one core where others use the cores.

    To be called before JAX starts its threads. Where there is a GPU nothing is done.
    """
    if shutil.which("nvidia-smi") or not hasattr(os, "sched_setaffinity"):
        return
    others = Others()
    time.sleep(seconds)
    if disturbed({"cores": len(cores()), "others": others.cores()}):
        os.sched_setaffinity(0, cores()[-1:])


def matmul_sizes() -> tuple[int, ...]:
    """Sizes at which this kind of device is near its best."""
    return _SIZES.get(jax.default_backend(), _LARGE_SIZES)


def allows_tf32(precision: Any) -> bool:
    """Whether a GPU may round the factors of our float32 products at this precision to TF32."""
    wanted = precision or jax.config.jax_default_matmul_precision
    return str(wanted).lower() not in ("highest", "float32")


@dataclass(frozen=True)
class Matmul:
    """Products of two square matrices.

    Attributes:
      size: their height and width.
      flops: of one product, a fused multiply-add counted as two.
      subject: computes it, to be timed.
    """

    size: int
    flops: int
    subject: Subject


def matmul(size: int, dtype: Any, precision: jax.lax.PrecisionLike = None) -> Matmul:
    """Products of two (size, size) matrices of `dtype` on the first device."""
    x, y = (
        jax.random.normal(key, (size, size), dtype) for key in jax.random.split(jax.random.key(0))
    )
    product = jax.jit(partial(jnp.matmul, precision=precision)).lower(x, y).compile()

    def run(calls: int) -> None:
        for _ in range(calls):
            result = product(x, y)
        jax.block_until_ready(result)

    return Matmul(size, 2 * size**3, Subject(f"matmul {size}", run))


def memory(program: jax.stages.Compiled) -> dict[str, int | None]:
    """Bytes that training takes.

    Returns:
      "program_bytes": temporary and argument bytes of the compiled step, on each device;
      "peak_bytes": the most that the first device has held since the program started, what XLA
      tried out while compiling included; None on backends that don't count.
    """
    analysis = program.memory_analysis()
    statistics = jax.local_devices()[0].memory_stats() or {}
    return {
        "program_bytes": analysis.temp_size_in_bytes + analysis.argument_size_in_bytes,
        "peak_bytes": statistics.get("peak_bytes_in_use"),
    }
