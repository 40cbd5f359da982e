"""PyTorch's side: the same training step and prediction, eager and compiled.

This file needs PyTorch: see `benchmarks.torch_networks`.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import numpy as np
import torch
from torch.nn import functional

from benchmarks.torch_networks import copy_weights, counterpart
from train.config.registry import look_up

NAME = "PyTorch"
LOSSES = {"l1": functional.l1_loss, "mse": functional.mse_loss}
OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def device() -> torch.device:
    """The kind of device that JAX computes on."""
    return torch.device("cpu" if jax.default_backend() == "cpu" else "cuda")


def check(config: Mapping[str, Any], task: Any) -> None:
    """Raises a ValueError where the step of this config can't be repeated in PyTorch."""
    if device().type == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"--against=torch: JAX computes on {jax.default_backend()}, and this PyTorch "
            f"({torch.__version__}) has no GPU; JAX_PLATFORMS=cpu measures both on the CPU"
        )
    if jax.device_count() > 1 and jax.default_backend() != "cpu":
        raise ValueError(
            f"--against=torch: JAX has {jax.device_count()} devices, PyTorch's step uses one; "
            "wanted one, by CUDA_VISIBLE_DEVICES"
        )
    counterpart(task.network)
    look_up(LOSSES, config["task"].get("loss", "l1"), "--against=torch: task.loss")
    look_up(OPTIMIZERS, config["optimizer"]["name"], "--against=torch: optimizer.name")
    look_up(DTYPES, np.dtype(task.network.dtype).name, "--against=torch: model.dtype")
    if task.accumulate != 1:
        raise ValueError(
            f"--against=torch: train.accumulate={task.accumulate}, PyTorch's step takes batches "
            "whole; wanted 1"
        )
    if config["optimizer"].get("multipliers"):
        raise ValueError("--against=torch: optimizer.multipliers has no PyTorch counterpart")


def describe() -> dict[str, Any]:
    """Which PyTorch it is, and where it computes."""
    gpu = torch.cuda.get_device_name() if device().type == "cuda" else None
    return {
        "version": torch.__version__,
        "device": gpu or "cpu",
        "threads": torch.get_num_threads(),
        "cudnn": torch.backends.cudnn.version() if gpu else None,
    }


def set_precision(tf32: bool) -> None:
    """Lets GPUs round the factors of float32 products to TF32, or not, and tune convolutions."""
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True


def from_host(image: np.ndarray) -> torch.Tensor:
    """(N, H, W, C) on the host -> (N, C, H, W) on the device, channels last in memory."""
    return torch.from_numpy(np.ascontiguousarray(image)).to(device()).permute(0, 3, 1, 2)


class TorchModel:
    """Our network's counterpart with our weights.

    Args:
      network: ours.
      params: its parameters.
    """

    def __init__(self, network: Any, params: Mapping[str, Any]):
        # Asked here, since torch.compile can't look into JAX.
        self._device = device().type
        self._reduced = DTYPES[np.dtype(network.dtype).name] is torch.bfloat16
        self.module = counterpart(network)
        copy_weights(params, self.module)
        self.module.to(self._device, memory_format=torch.channels_last)

    def apply(self, x: torch.Tensor) -> torch.Tensor:
        """The network's float32 output; its convolutions compute in the type of ours."""
        with torch.autocast(self._device, dtype=torch.bfloat16, enabled=self._reduced):
            return self.module(x).float()

    def output(self, x: np.ndarray) -> np.ndarray:
        """The same, (N, H, W, C) to (N, H, W, C), on the host."""
        with torch.inference_mode():
            return self.apply(from_host(x)).permute(0, 2, 3, 1).cpu().numpy()


class TorchTraining:
    """The training step on one pair of batches.

    Args:
      model: what is trained.
      pairs: {"lr", "hr"}, (N, H, W, C) on the host.
      config: its task, optimizer and moving average are taken; the learning rate stays at its
        peak.
      compiled: whether network and loss go through `torch.compile`.

    Attributes:
      first_seconds: how long the first step took, compiling included.
      peak_bytes: the most that PyTorch has held on the GPU; None on a CPU, where it doesn't count.
    """

    def __init__(self, model: TorchModel, pairs: Mapping[str, np.ndarray], config, compiled: bool):
        self.model = model
        self.lr, self.hr = from_host(pairs["lr"]), from_host(pairs["hr"])
        self._loss = LOSSES[config["task"].get("loss", "l1")]
        self._objective = (
            torch.compile(self.objective, dynamic=False) if compiled else self.objective
        )
        self._optimizer = _optimizer(model.module.parameters(), config["optimizer"])
        self._clip_norm = config["optimizer"].get("clip_norm", 0.0)
        self._ema_decay = config["train"].get("ema_decay", 0.0)
        self._params = list(model.module.parameters())
        self.averages = [p.detach().clone() for p in self._params]
        gpu = device().type == "cuda"
        if gpu:
            torch.cuda.reset_peak_memory_stats()
        start = time.perf_counter()
        self.run(1)
        self.first_seconds = time.perf_counter() - start
        self.peak_bytes = torch.cuda.max_memory_allocated() if gpu else None

    def objective(self, lr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        """The loss of the network's output."""
        return self._loss(self.model.apply(lr), hr)

    def run(self, steps: int) -> None:
        """Takes so many steps, and waits for the last."""
        self.model.module.train()
        for _ in range(steps):
            self._optimizer.zero_grad(set_to_none=True)
            self._objective(self.lr, self.hr).backward()
            if self._clip_norm:
                torch.nn.utils.clip_grad_norm_(self._params, self._clip_norm)
            self._optimizer.step()
            if self._ema_decay:
                with torch.no_grad():
                    torch._foreach_lerp_(self.averages, self._params, 1 - self._ema_decay)
        synchronise()


def prediction(model: TorchModel, lr: np.ndarray, compiled: bool) -> Callable[[int], None]:
    """Predicts from an image on the host so many times; the results stay on the device."""
    apply = torch.compile(model.apply, dynamic=False) if compiled else model.apply

    def run(calls: int) -> None:
        model.module.eval()
        with torch.inference_mode():
            for _ in range(calls):
                apply(from_host(lr)).clamp(0.0, 1.0)
        synchronise()

    return run


def by_threads(program: Callable[[], None]) -> dict[str, Callable[[], None]]:
    """A program to be timed: on a CPU with one thread and with all."""
    if device().type == "cuda":
        return {NAME: program}
    counts = sorted({1, torch.get_num_threads()})
    return {f"{NAME} x{count}": partial(_with_threads, program, count) for count in counts}


def _with_threads(program: Callable[[], None], count: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        program()
    finally:
        torch.set_num_threads(before)


def synchronise() -> None:
    """Waits for what the GPU was given; on a CPU nothing is outstanding."""
    if device().type == "cuda":
        torch.cuda.synchronize()


def _optimizer(parameters, section: Mapping[str, Any]) -> torch.optim.Optimizer:
    values = {
        "lr": section["schedule"]["peak"],
        "betas": (section.get("b1", 0.9), section.get("b2", 0.999)),
        "eps": section.get("epsilon", 1e-8),
    }
    if section["name"] == "adamw":
        values["weight_decay"] = section.get("weight_decay", 1e-4)
    return OPTIMIZERS[section["name"]](parameters, fused=True, **values)
