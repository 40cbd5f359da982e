"""SwinIR, Restormer and ViT in PyTorch with the layers, and the layers' names, of ours.

Written from the papers' layer lists, attention by PyTorch's own fused function where it fits. This
file needs PyTorch: see `benchmarks.torch_networks`.
"""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import flax.linen as flax_nn
import jax
import numpy as np
import torch
from torch import nn
from torch.nn import functional

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
            name = "scale" if isinstance(layer, nn.LayerNorm | _DeviationNorm) else "kernel"
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


def _depth_to_space(x, scale):
    batch, channels, height, width = x.shape
    split = x.reshape(batch, scale, scale, channels // scale**2, height, width)
    joined = split.permute(0, 3, 4, 1, 5, 2)
    return joined.reshape(batch, -1, scale * height, scale * width)


def _space_to_depth(x, scale):
    batch, channels, height, width = x.shape
    split = x.reshape(batch, channels, height // scale, scale, width // scale, scale)
    return split.permute(0, 3, 5, 1, 2, 4).reshape(batch, -1, height // scale, width // scale)


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
        return _depth_to_space(self.tail(y), self.scale) + self.mean


class _DeviationNorm(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.var(-1, keepdim=True, unbiased=False) + 1e-5) * self.weight


class _TransposedAttention(nn.Module):
    """Zamir et al., CVPR 2022, section 3.1."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv = nn.Conv2d(width, 3 * width, 1, bias=False)
        self.qkv_conv = nn.Conv2d(3 * width, 3 * width, 3, padding=1, groups=3 * width, bias=False)
        self.projection = nn.Conv2d(width, width, 1, bias=False)

    def forward(self, x):
        batch, _, height, width = x.shape
        split = self.qkv_conv(self.qkv(x)).reshape(batch, 3, self.heads, -1, height * width)
        query, key, value = split.unbind(1)
        query, key = functional.normalize(query, dim=-1), functional.normalize(key, dim=-1)
        weights = (query @ key.transpose(-2, -1) * self.temperature).softmax(dim=-1)
        return self.projection((weights @ value).reshape(x.shape))


class _GatedFeedForward(nn.Module):
    """Zamir et al., CVPR 2022, section 3.2."""

    def __init__(self, width: int):
        super().__init__()
        hidden = int(2.66 * width)
        self.expand = nn.Conv2d(width, 2 * hidden, 1, bias=False)
        self.conv = nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden, bias=False)
        self.reduce = nn.Conv2d(hidden, width, 1, bias=False)

    def forward(self, x):
        gate, y = self.conv(self.expand(x)).chunk(2, dim=1)
        return self.reduce(functional.gelu(gate) * y)


class _RestormerBlock(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.norm1, self.norm2 = _DeviationNorm(width), _DeviationNorm(width)
        self.attention, self.mlp = _TransposedAttention(width, heads), _GatedFeedForward(width)

    def forward(self, x):
        def last(norm):
            return norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

        x = x + self.attention(last(self.norm1))
        return x + self.mlp(last(self.norm2))


class Restormer(nn.Module):
    """Zamir et al., CVPR 2022, section 3, for denoising: sides multiples of the coarsest scale."""

    def __init__(self, ours: flax_nn.Module):
        super().__init__()
        self.blocks, self.refinement = ours.blocks, ours.refinement
        width, self.coarsest = ours.features, len(ours.blocks) - 1
        self.head = _plain(ours.channels, width)
        for level in range(self.coarsest):
            wide = width * 2**level
            self._add(f"down{level + 1}", wide, ours.heads[level], self.blocks[level])
            self.add_module(f"shrink{level + 1}", _plain(wide, wide // 2))
            self.add_module(f"enlarge{level + 1}", _plain(2 * wide, 4 * wide))
            if level:
                self.add_module(f"reduce{level + 1}", _plain(2 * wide, wide, 1))
            back = wide if level else 2 * wide
            self._add(f"up{level + 1}", back, ours.heads[level], self.blocks[level])
        self._add("bottom", width * 2**self.coarsest, ours.heads[-1], self.blocks[-1])
        self._add("refinement", 2 * width, ours.heads[0], self.refinement)
        self.tail = _plain(2 * width, ours.channels)

    def forward(self, x):
        """Restores ``(N, C, H, W)`` in [0, 1]."""
        y, skips = self.head(x), []
        for level in range(self.coarsest):
            y = self._run(y, f"down{level + 1}", self.blocks[level])
            skips.append(y)
            y = _space_to_depth(getattr(self, f"shrink{level + 1}")(y), 2)
        y = self._run(y, "bottom", self.blocks[-1])
        for level in reversed(range(self.coarsest)):
            y = _depth_to_space(getattr(self, f"enlarge{level + 1}")(y), 2)
            y = torch.cat([y, skips.pop()], dim=1)
            y = getattr(self, f"reduce{level + 1}")(y) if level else y
            y = self._run(y, f"up{level + 1}", self.blocks[level])
        return x + self.tail(self._run(y, "refinement", self.refinement))

    def _add(self, name, width, heads, count):
        for index in range(count):
            self.add_module(f"{name}_block{index + 1}", _RestormerBlock(width, heads))

    def _run(self, x, name, count):
        return reduce(lambda y, i: getattr(self, f"{name}_block{i + 1}")(y), range(count), x)


def _plain(inputs: int, outputs: int, size: int = 3) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False)


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
