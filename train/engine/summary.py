"""What a run costs: parameters by layer, FLOPs and memory of the compiled step."""

import json
from pathlib import Path

import jax
import numpy as np

from train.config.console import say
from train.engine.compiled import CompiledStage
from train.state.train_state import TrainState, leaf_name


def write_summary(compiled: CompiledStage, state: TrainState, folder: Path) -> None:
    """Compiles the stage's first step and writes `summary.json` and `summary.txt`."""
    step = int(state.step)
    program = compiled.program(state, step)
    if jax.process_index():
        return
    rows = [
        (leaf_name(path), list(leaf.shape), int(leaf.size))
        for path, leaf in jax.tree_util.tree_leaves_with_path(state.params)
    ]
    # XLA counts a fused multiply-add as two operations.
    memory = program.memory_analysis()
    summary = {
        "stage": compiled.stage.name,
        "parameters": int(np.sum([size for _, _, size in rows])),
        "flops_per_step": compiled.flops(state, step),
        "temporary_bytes": getattr(memory, "temp_size_in_bytes", 0),
        "devices": [device.device_kind for device in compiled.mesh.devices.flat],
        "leaves": [{"path": path, "shape": shape, "size": size} for path, shape, size in rows],
    }
    (folder / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    lines = [f"{path:60s} {shape!s:>20s} {size:>12,}" for path, shape, size in rows]
    lines.append(f"{'all':60s} {'':>20s} {summary['parameters']:>12,}")
    lines.append(f"FLOPs a step: {summary['flops_per_step']:.3e}")
    (folder / "summary.txt").write_text("\n".join(lines) + "\n")
    say(f"{summary['parameters']:,} parameters, {summary['flops_per_step']:.2e} FLOPs a step, "
        f"{len(summary['devices'])} x {summary['devices'][0]}")  # fmt: skip
