"""Restormer in PyTorch with the layers, and the layers' names, of ours.

Written from the paper's layer list. This file needs PyTorch: see `benchmarks.torch_networks`.
"""

from functools import reduce

import flax.linen as flax_nn
import torch
from torch import nn
from torch.nn import functional


def depth_to_space(x: torch.Tensor, scale: int) -> torch.Tensor:
    """Ours, of ``(N, C, H, W)``: channels are (place in the block, colour)."""
    batch, channels, height, width = x.shape
    split = x.reshape(batch, scale, scale, channels // scale**2, height, width)
    joined = split.permute(0, 3, 4, 1, 5, 2)
    return joined.reshape(batch, -1, scale * height, scale * width)


def _space_to_depth(x, scale):
    batch, channels, height, width = x.shape
    split = x.reshape(batch, channels, height // scale, scale, width // scale, scale)
    return split.permute(0, 3, 5, 1, 2, 4).reshape(batch, -1, height // scale, width // scale)


class DeviationNorm(nn.Module):
    """A layer norm that subtracts no mean."""

    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        """Maps ``(..., C)`` to the same shape."""
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
        self.norm1, self.norm2 = DeviationNorm(width), DeviationNorm(width)
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
            y = depth_to_space(getattr(self, f"enlarge{level + 1}")(y), 2)
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
