"""SwinIR and ViT in PyTorch with the layers, and the layers' names, of ours.

Written from the papers' layer lists, attention by PyTorch's own fused function where it fits. This
file needs PyTorch: see `benchmarks.torch_networks`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as flax_nn
import jax
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.torch_restormer import DeviationNorm, Restormer, depth_to_space
from benchmarks.torch_training import by_threads, device, from_host, synchronise
from imaging_jax.models.layers._windows import relative_position_index, shifted_window_mask
from imaging_jax.models.super_resolution.edsr import DIV2K_MEAN


def counterpart(network: flax_nn.Module, params: Mapping[str, Any]) -> nn.Module:
    """Builds the network with the layers and the parameters of ours."""
    theirs = NETWORKS[type(network).__name__](network)
    given = {
        "/".join(entry.key for entry in path): np.asarray(leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(params)
    }
    for path, parameter in theirs.named_parameters():
        *words, name = path.split(".")
        layer = theirs.get_submodule(".".join(words))
        if name == "weight":
            name = "scale" if isinstance(layer, nn.LayerNorm | DeviationNorm) else "kernel"
        value = _in_torch_order(given.pop("/".join([*words, name])), layer)
        parameter.data.copy_(torch.from_numpy(value.copy()).reshape(parameter.shape))
    if given:
        raise ValueError(f"params: {type(network).__name__} in PyTorch has no {', '.join(given)}")
    return theirs


def _in_torch_order(value: np.ndarray, layer: nn.Module) -> np.ndarray:
    if isinstance(layer, nn.Conv2d) and value.ndim == 4:
        return value.transpose(3, 2, 0, 1)
    if isinstance(layer, nn.Linear | nn.Conv2d) and value.ndim == 2:
        return value.T
    return value


class _Attention(nn.Module):
    """Vaswani et al., NIPS 2017, section 3.2."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x, bias=None):
        batch, length, width = x.shape
        split = self.qkv(x).reshape(batch, length, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return self.projection(mixed.transpose(1, 2).reshape(x.shape))


class _FeedForward(nn.Module):
    def __init__(self, width: int, ratio: int, approximate: str):
        super().__init__()
        self.expand, self.reduce = nn.Linear(width, ratio * width), nn.Linear(ratio * width, width)
        self.approximate = approximate

    def forward(self, x):
        return self.reduce(functional.gelu(self.expand(x), approximate=self.approximate))


class _ViTBlock(nn.Module):
    def __init__(self, width: int, heads: int, ratio: int):
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(width, eps=1e-6) for _ in range(2))
        self.attention = _Attention(width, heads)
        self.mlp = _FeedForward(width, ratio, "tanh")

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    """Dosovitskiy et al., ICLR 2021, section 3.1."""

    def __init__(self, ours: flax_nn.Module):
        super().__init__()
        side, width, (height, _, channels) = ours.patch_size, ours.width, ours.image_shape
        self.patches = nn.Conv2d(channels, width, side, side)
        self.class_entry = nn.Parameter(torch.zeros(width))
        self.positions = nn.Parameter(torch.zeros(1 + (height // side) ** 2, width))
        self.names = [f"block{index + 1}" for index in range(ours.depth)]
        for name in self.names:
            self.add_module(name, _ViTBlock(width, ours.heads, ours.mlp_ratio))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, ours.classes)

    def forward(self, x):
        """Maps ``(N, C, H, W)`` to logits."""
        y = self.patches(x).flatten(2).transpose(1, 2)
        y = torch.cat([self.class_entry.expand(len(y), 1, -1), y], dim=1) + self.positions
        for name in self.names:
            y = getattr(self, name)(y)
        return self.head(self.norm(y[:, 0]))


class _SwinBlock(nn.Module):
    """Liu et al., ICCV 2021, section 3.2."""

    def __init__(self, width: int, heads: int, window: int, shift: int, ratio: int):
        super().__init__()
        self.window, self.shift, self.masks = window, shift, {}
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = _Attention(width, heads)
        self.mlp = _FeedForward(width, ratio, "none")
        self.relative_position_bias = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        index = torch.from_numpy(relative_position_index(window))
        self.register_buffer("index", index)

    def forward(self, x):
        batch, height, width, _ = x.shape
        y, bias = self.norm1(x), self.relative_position_bias[self.index].permute(2, 0, 1)[None]
        if self.shift:
            y = torch.roll(y, (-self.shift, -self.shift), (1, 2))
            mask = self._mask(height, width).to(x.device)
            bias = (bias + mask[:, None]).repeat(batch, 1, 1, 1)
        y = self.attention(self._cut(y), bias)
        y = self._join(y, height, width)
        y = torch.roll(y, (self.shift, self.shift), (1, 2)) if self.shift else y
        x = x + y
        return x + self.mlp(self.norm2(x))

    def _mask(self, height, width):
        if (height, width) not in self.masks:
            seen = np.array(shifted_window_mask(height, width, self.window, self.shift))
            self.masks[height, width] = torch.from_numpy(np.where(seen, 0, -np.inf)).float()
        return self.masks[height, width]

    def _cut(self, x):
        batch, height, width, channels = x.shape
        side = self.window
        x = x.reshape(batch, height // side, side, width // side, side, channels)
        return x.transpose(2, 3).reshape(-1, side**2, channels)

    def _join(self, x, height, width):
        side = self.window
        x = x.reshape(-1, height // side, width // side, side, side, x.shape[-1])
        return x.transpose(2, 3).reshape(-1, height, width, x.shape[-1])


class SwinIR(nn.Module):
    """Liang et al., ICCVW 2021, section 3: the lightweight network, sides multiples of a window."""

    def __init__(self, ours: flax_nn.Module):
        super().__init__()
        width, self.scale, self.depths = ours.features, ours.scale, ours.depths
        self.register_buffer("mean", torch.tensor(DIV2K_MEAN).reshape(1, -1, 1, 1))
        self.head = nn.Conv2d(ours.channels, width, 3, padding=1)
        self.head_norm, self.norm = nn.LayerNorm(width), nn.LayerNorm(width)
        for group, depth in enumerate(self.depths, start=1):
            for index in range(depth):
                shift = index % 2 * (ours.window // 2)
                block = _SwinBlock(width, ours.heads, ours.window, shift, ours.mlp_ratio)
                self.add_module(f"group{group}_block{index + 1}", block)
            self.add_module(f"group{group}_conv", nn.Conv2d(width, width, 3, padding=1))
        self.body = nn.Conv2d(width, width, 3, padding=1)
        self.tail = nn.Conv2d(width, ours.channels * ours.scale**2, 3, padding=1)

    def forward(self, x):
        """Maps ``(N, C, H, W)`` in [0, 1] to ``(N, C, scale·H, scale·W)``."""
        shallow = self.head(x - self.mean)
        y = self.head_norm(shallow.permute(0, 2, 3, 1))
        for group, depth in enumerate(self.depths, start=1):
            skip = y
            for index in range(depth):
                y = getattr(self, f"group{group}_block{index + 1}")(y)
            conv = getattr(self, f"group{group}_conv")
            y = skip + conv(y.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        y = self.body(self.norm(y).permute(0, 3, 1, 2)) + shallow
        return depth_to_space(self.tail(y), self.scale) + self.mean


NETWORKS: dict[str, Callable[[flax_nn.Module], nn.Module]] = {
    "Restormer": Restormer,
    "SwinIR": SwinIR,
    "ViT": ViT,
}


def programs(
    network: flax_nn.Module, params: Mapping[str, Any], x: np.ndarray, rate: float, trained: bool
) -> dict[str, Callable[[], None]]:
    """A step or a prediction to be timed, on a CPU with one thread and with all.

    Args:
      network: ours.
      params: its parameters.
      x: (N, H, W, C).
      rate: of Adam.
      trained: whether it is a step.
    """
    theirs, given = counterpart(network, params).to(device()), from_host(x)
    theirs = theirs.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(theirs.parameters(), lr=rate, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        theirs(given).abs().mean().backward()
        optimizer.step()
        synchronise()

    def predict():
        with torch.inference_mode():
            theirs(given)
        synchronise()

    return by_threads(step if trained else predict)
