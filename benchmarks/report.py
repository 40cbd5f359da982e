"""What a measurement says, line by line."""

from collections.abc import Mapping
from typing import Any

from benchmarks.machine import DISTURBED, disturbed

DATA = {
    "config": "the config's data",
    "synthetic": "noise made once on the device, no data path",
}
HEADER = f"{'':16s}{'ms':>12s}{'quartiles':>20s}{'images/s':>10s}"


def lines(report: Mapping[str, Any]) -> list[str]:
    """Renders what `benchmarks.benchmark` returns."""
    config, matmul = report["config"], report["matmul"]
    data = config["data"]
    scales = "+".join(f"x{scale}" for scale in config["task"].get("scales", ()))
    products = matmul["flops_per_second"]
    load = report["load"]
    found = [
        f"{config['model']['name']} {scales}, {report['parameters']:,} parameters, batch "
        f"{data['batch_size']} of {data['patch_size']}x{data['patch_size']}, {report['dtype']}, "
        f"{report['device']}",
        f"load before: {load['load_average']:.1f} programs on {_cores(load['cores'])}; other "
        f"programs used {load['others']:.1f} of {_cores(load['cores'])} meanwhile",
        f"compiled in {report['compile_seconds']:.1f} s; {_memory(report['memory'])}",
        f"matmul: {_rate(products['median'])} ({_rate(products['low'])} to "
        f"{_rate(products['high'])}), {_kind(matmul)}, both {matmul['size']}x{matmul['size']}, "
        "one device",
        "",
        f"training, rounds in turns: {report['rounds']}; medians and quartiles",
        f"{HEADER}{'FLOP/s':>16s}{'of matmul':>11s}",
    ]
    for name, timed in report["training"].items():
        share = f"{timed['share_of_matmul']['median']:.1%}"
        found.append(f"{_row(name, timed)}{_rate(timed['flops_per_second']):>16s}{share:>11s}")
    found.append(
        "whole step: batch, degradation, gradient, optimizer, averages, as in training; "
        + DATA[report["source"]]
    )
    if "prediction" in report:
        shape = report["prediction"]["ours"]["input_shape"]
        found += ["", f"prediction from one image of {shape[1]}x{shape[2]}", HEADER]
        found += [_row(name, timed) for name, timed in report["prediction"].items()]
    return [*found, "", *_against(report)] if "torch" in report else found


def _against(report: Mapping[str, Any]) -> list[str]:
    torch = report["torch"]
    found = [
        f"PyTorch {torch['version']} on {torch['device']}, {torch['threads']} threads; the same "
        f"weights give outputs that differ by at most {torch['largest_difference']:.1e}",
        *_conditions(report),
        *_warnings(report),
        *(f"{name}: first step {s:.1f} s" for name, s in torch["first_seconds"].items()),
        *(f"{name}: {_bytes(n)} at most" for name, n in torch["peak_bytes"].items() if n),
    ]
    return [*found, *_ratios(report)]


def _ratios(report: Mapping[str, Any]) -> list[str]:
    torch, load = report["torch"], report["load"]
    if torch["device"] == "cpu" and disturbed(load):
        return [DISTURBED]
    by = f", both on {_cores(load['cores'])}" if torch["device"] == "cpu" else ""
    return [
        f"{part}: {name} / ours = {r['median']:.2f} ({r['low']:.2f} to {r['high']:.2f}){by}"
        for part, ratios in report["ratios"].items()
        for name, r in ratios.items()
    ]


def _conditions(report: Mapping[str, Any]) -> list[str]:
    torch = report["torch"]
    kinds = {
        part: "with TF32 allowed" if torch[f"{part}_tf32"] else "without TF32"
        for part in ("training", "prediction")
    }
    number = (
        "convolutions in bfloat16 (PyTorch: autocast), parameters and optimizer in float32"
        if report["dtype"] == "bfloat16"
        else "float32"
    )
    return [
        "ours and PyTorch train on one pair of batches of noise that stays on the device: no data "
        "path, no degradation",
        "the same loss, Adam, clipping and moving averages where the config has them; ours also "
        "follows the schedule and takes the gradient's norm, PyTorch's learning rate is constant",
        "PyTorch: channels_last, fused optimizer, cuDNN tuned by trying; torch.compile takes "
        "network and loss",
        f"{number}; on GPUs training {kinds['training']} and prediction {kinds['prediction']}, "
        "on both sides",
        "a prediction takes an image on the host to a clipped one on the device, on both sides",
        "ratios are of seconds in the same round: above 1, ours is faster",
    ]


def _warnings(report: Mapping[str, Any]) -> list[str]:
    reasons: dict[str, list[str]] = {}
    for part, why in report["torch"]["failures"].items():
        reasons.setdefault(why, []).append(part)
    return [
        f"torch.compile failed in {' and '.join(parts)}: {why}" for why, parts in reasons.items()
    ]


def _cores(count: int) -> str:
    return f"{count} core{'s' if count != 1 else ''}"


def _row(name: str, timed: Mapping[str, Any]) -> str:
    median, low, high = (1e3 * timed["seconds"][key] for key in ("median", "low", "high"))
    quartiles = f"{low:.2f} to {high:.2f}"
    return f"{name:16s}{median:12.2f}{quartiles:>20s}{timed['images_per_second']:10.2f}"


def _kind(matmul: Mapping[str, Any]) -> str:
    tf32 = matmul["dtype"] == "float32" and matmul["tf32"]
    return "float32 (on GPUs TF32)" if tf32 else matmul["dtype"]


def _memory(memory: Mapping[str, Any]) -> str:
    program = f"{_bytes(memory['program_bytes'])} of arguments and temporaries by XLA's plan"
    if memory["peak_bytes"] is None:
        return f"{program} (this backend doesn't count what it holds)"
    return f"{_bytes(memory['peak_bytes'])} at most, tuning included; {program}"


def _bytes(count: float) -> str:
    return f"{count / 2**20:,.1f} MiB"


def _rate(flops: float) -> str:
    return f"{flops / 1e12:.2f} TFLOP/s" if flops >= 1e12 else f"{flops / 1e9:.2f} GFLOP/s"
