"""pix2pix' networks in PyTorch with the layers, and the layers' names, of ours.

Written from the paper's layer lists, for batches of one: there its batch norm, by the statistics of
the batch, is our norm of each image. This file needs PyTorch: see `benchmarks.torch_networks`.
"""

import flax.linen as flax_nn
import torch
from torch import nn
from torch.nn import functional

_WIDEST = 8
_DROPPED = 3
# What the discriminator sees: the given image and the other, in colour.
_SEEN = 6


class UNetGenerator(nn.Module):
    """Isola et al., CVPR 2017, appendix 6.1.1."""

    def __init__(self, ours: flax_nn.Module):
        super().__init__()
        self.levels = ours.levels
        widths = [ours.features * min(_WIDEST, 2**level) for level in range(ours.levels)]
        for level, (inputs, width) in enumerate(zip([3, *widths], widths, strict=False), start=1):
            self.add_module(f"down{level}", nn.Conv2d(inputs, width, 4, 2, 1, bias=False))
            if 1 < level < self.levels:
                self.add_module(f"down{level}_norm", _norm(width))
        for level in range(self.levels, 1, -1):
            inputs, width = widths[level - 1] * (1 + (level < self.levels)), widths[level - 2]
            conv = nn.ConvTranspose2d(inputs, width, 4, 2, 1, bias=False)
            self.add_module(f"up{level}", conv)
            self.add_module(f"up{level}_norm", _norm(width))
        self.up1 = nn.ConvTranspose2d(2 * widths[0], ours.channels, 4, 2, 1)

    def forward(self, x):
        """Maps ``(1, 3, H, W)`` in [-1, 1] likewise."""
        encoded = []
        for level in range(1, self.levels + 1):
            x = getattr(self, f"down{level}")(x)
            x = getattr(self, f"down{level}_norm")(x) if 1 < level < self.levels else x
            if level < self.levels:
                # In place: a ReLU follows in the decoder, which gives the same of either.
                x = functional.leaky_relu(x, 0.2, inplace=True)
                encoded.append(x)
        for level in range(self.levels, 1, -1):
            x = getattr(self, f"up{level}")(functional.relu(x, inplace=True))
            x = getattr(self, f"up{level}_norm")(x)
            if self.levels - level < _DROPPED:
                x = functional.dropout(x, 0.5)
            x = torch.cat([x, encoded.pop()], dim=1)
        return torch.tanh(self.up1(functional.relu(x, inplace=True)))


class PatchDiscriminator(nn.Module):
    """Isola et al., CVPR 2017, appendix 6.1.2, of a pair."""

    def __init__(self, ours: flax_nn.Module):
        super().__init__()
        self.depth = ours.halvings + 1
        widths = [ours.features * min(_WIDEST, 2**level) for level in range(self.depth)]
        layers = zip([_SEEN, *widths], [*widths, 1], strict=True)
        for index, (inputs, outputs) in enumerate(layers, start=1):
            stride, bare = 2 if index <= ours.halvings else 1, index in (1, self.depth + 1)
            self.add_module(f"conv{index}", nn.Conv2d(inputs, outputs, 4, stride, 1, bias=bare))
            if not bare:
                self.add_module(f"norm{index}", _norm(outputs))

    def forward(self, x):
        """Maps ``(1, 6, H, W)`` to logits ``(1, 1, h, w)``."""
        for index in range(1, self.depth + 1):
            x = getattr(self, f"conv{index}")(x)
            x = getattr(self, f"norm{index}")(x) if index > 1 else x
            x = functional.leaky_relu(x, 0.2, inplace=True)
        return getattr(self, f"conv{self.depth + 1}")(x)


def _norm(channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels, track_running_stats=False)
