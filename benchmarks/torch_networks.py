"""PyTorch networks with the layers, and the layers' names, of ours: to measure ours against.

Written from the layer lists of the papers; each takes its hyper-parameters from our module. This
file needs PyTorch, which this project doesn't: import it only where it is asked for.
"""

from collections.abc import Mapping
from functools import reduce
from typing import Any

import flax.linen as flax_nn
import jax
import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from imaging_jax.models.super_resolution.edsr import DIV2K_MEAN

_FACTORS = {2: (2,), 3: (3,), 4: (2, 2)}


def counterpart(network: flax_nn.Module) -> nn.Module:
    """Builds the PyTorch network with the layers of `network`.

    Raises:
      ValueError: there is none.
    """
    name = type(network).__name__
    if name not in NETWORKS:
        raise ValueError(
            f"--against=torch: {name} has no PyTorch counterpart; those that have one are "
            f"{', '.join(NETWORKS)}"
        )
    return NETWORKS[name](network)


def copy_weights(params: Mapping[str, Any], network: nn.Module) -> None:
    """Copies our parameters into the PyTorch network, layer by layer.

    Args:
      params: the tree of our network.
      network: its counterpart.

    Raises:
      ValueError: the two have not the same number of parameters.
    """
    counts = [
        sum(np.size(leaf) for leaf in jax.tree.leaves(params)),
        sum(parameter.numel() for parameter in network.parameters()),
    ]
    if counts[0] != counts[1]:
        raise ValueError(
            f"params: {counts[0]:,} parameters, and {type(network).__name__} in PyTorch "
            f"{counts[1]:,}"
        )
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d):
            ours = reduce(lambda tree, word: tree[word], name.split("."), params)
            for leaf, parameter in (("kernel", layer.weight), ("bias", layer.bias)):
                value = _channel_order(np.asarray(ours[leaf]), layer)
                axes = (3, 2, 0, 1) if leaf == "kernel" else (0,)
                parameter.data.copy_(torch.from_numpy(value.transpose(axes).copy()))


def _channel_order(value: np.ndarray, layer: nn.Conv2d) -> np.ndarray:
    # Before the shuffle, our channels are (place in the block, colour), Torch's the reverse.
    if not isinstance(layer, _SubPixel):
        return value
    split = value.reshape(*value.shape[:-1], layer.scale**2, -1)
    return np.swapaxes(split, -1, -2).reshape(value.shape)


def _conv(inputs: int, outputs: int, size: int = 3) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, padding=size // 2)


class _SubPixel(nn.Conv2d):
    """Shi et al., CVPR 2016: a 3x3 convolution to scale² maps a channel, shuffled into pixels."""

    def __init__(self, inputs: int, outputs: int, scale: int):
        super().__init__(inputs, outputs * scale**2, 3, padding=1)
        self.scale = scale

    def forward(self, x):
        return functional.pixel_shuffle(super().forward(x), self.scale)


def _upsampler(features: int, scale: int) -> nn.Sequential:
    stages = nn.Sequential()
    for index, factor in enumerate(_FACTORS[scale]):
        stages.add_module(f"conv{index + 1}", _SubPixel(features, features, factor))
    return stages


class _Network(nn.Module):
    """What the networks share: blocks by number, recomputed in the backward pass on demand."""

    def __init__(self, ours: flax_nn.Module):
        super().__init__()
        self.remat = ours.remat

    def add_blocks(self, count: int, make) -> None:
        self.block_names = [f"block{index + 1}" for index in range(count)]
        for name in self.block_names:
            self.add_module(name, make())

    def outputs_of_blocks(self, x) -> list:
        outputs = []
        for name in self.block_names:
            block = getattr(self, name)
            recomputed = self.remat and self.training
            x = checkpoint(block, x, use_reentrant=False) if recomputed else block(x)
            outputs.append(x)
        return outputs


class _ResidualBlock(nn.Module):
    """Lim et al., CVPRW 2017, figure 2(c)."""

    def __init__(self, features: int, residual_scale: float = 1.0):
        super().__init__()
        self.conv1, self.conv2 = _conv(features, features), _conv(features, features)
        self.residual_scale = residual_scale

    def forward(self, x):
        residual = self.conv2(functional.relu(self.conv1(x)))
        return x + (residual if self.residual_scale == 1.0 else self.residual_scale * residual)


class EDSR(_Network):
    """Lim et al., CVPRW 2017, figure 3."""

    def __init__(self, ours: flax_nn.Module):
        super().__init__(ours)
        features = ours.features
        self.range = ours.value_range
        self.register_buffer("mean", torch.tensor(ours.mean).reshape(1, -1, 1, 1))
        self.head = _conv(ours.channels, features)
        self.add_blocks(ours.blocks, lambda: _ResidualBlock(features, ours.residual_scale))
        self.body = _conv(features, features)
        self.upsampler = _upsampler(features, ours.scale)
        self.tail = _conv(features, ours.channels)

    def forward(self, x):
        """Maps ``(N, C, H, W)`` in [0, 1] to ``(N, C, scale·H, scale·W)``."""
        head = self.head((x - self.mean) * self.range)
        body = self.body(self.outputs_of_blocks(head)[-1])
        return self.tail(self.upsampler(body + head)).float() / self.range + self.mean


class _ResidualDenseBlock(nn.Module):
    """Zhang et al., CVPR 2018, figure 3."""

    def __init__(self, width: int, convolutions: int, growth: int):
        super().__init__()
        self.names = [f"conv{index + 1}" for index in range(convolutions)]
        for index, name in enumerate(self.names):
            self.add_module(name, _conv(width + index * growth, growth))
        self.local_fusion = _conv(width + convolutions * growth, width, 1)

    def forward(self, x):
        maps = x
        for name in self.names:
            maps = torch.cat([maps, functional.relu(getattr(self, name)(maps))], dim=1)
        return x + self.local_fusion(maps)


class RDN(_Network):
    """Zhang et al., CVPR 2018, figure 2."""

    def __init__(self, ours: flax_nn.Module):
        super().__init__(ours)
        width = ours.G0
        self.register_buffer("mean", torch.tensor(DIV2K_MEAN).reshape(1, -1, 1, 1))
        self.shallow1, self.shallow2 = _conv(ours.channels, width), _conv(width, width)
        self.add_blocks(ours.D, lambda: _ResidualDenseBlock(width, ours.C, ours.G))
        self.global_fusion1 = _conv(width * ours.D, width, 1)
        self.global_fusion2 = _conv(width, width)
        self.upsampler = _upsampler(width, ours.scale)
        self.tail = _conv(width, ours.channels)

    def forward(self, x):
        """Maps ``(N, C, H, W)`` in [0, 1] to ``(N, C, scale·H, scale·W)``."""
        shallow = self.shallow1((x - self.mean) * 255.0)
        blocks = self.outputs_of_blocks(self.shallow2(shallow))
        fused = self.global_fusion2(self.global_fusion1(torch.cat(blocks, dim=1)))
        return self.tail(self.upsampler(fused + shallow)).float() / 255.0 + self.mean


class EDSRLight(_Network):
    """A small EDSR whose only upsampler is its last convolution, added to the repeated pixels."""

    def __init__(self, ours: flax_nn.Module):
        super().__init__(ours)
        features = ours.features
        self.scale = ours.scale
        self.head = _conv(ours.channels, features)
        self.add_blocks(ours.blocks, lambda: _ResidualBlock(features))
        self.body = _conv(features, features)
        self.tail = _SubPixel(features, ours.channels, ours.scale)

    def forward(self, x):
        """Maps ``(N, C, H, W)`` in [0, 1] to ``(N, C, scale·H, scale·W)``."""
        head = self.head(x - 0.5)
        detail = self.tail(self.body(self.outputs_of_blocks(head)[-1]) + head)
        return functional.interpolate(x, scale_factor=self.scale) + detail.float()


NETWORKS = {"EDSR": EDSR, "EDSRLight": EDSRLight, "RDN": RDN}
