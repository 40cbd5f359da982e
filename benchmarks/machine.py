"""What the machine can do: its matrix products, the memory that a program takes."""

import os
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.timing import Subject

_SIZES = {"cpu": (1024, 2048)}
_LARGE_SIZES = (4096, 8192)


def load() -> dict[str, float]:
    """How many programs wanted a core in the last minute, and how many cores there are."""
    return {"load_average": os.getloadavg()[0], "cores": os.cpu_count() or 1}


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
