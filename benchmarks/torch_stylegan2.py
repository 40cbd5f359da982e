"""StyleGAN2 in PyTorch with the layers, and the layers' names, of ours: to measure ours against.

Written from the paper's equations. As in its authors' training, activations are scaled around one
shared convolution, and enlarged by a transposed convolution and then the filter. This file needs
PyTorch: see `benchmarks.torch_networks`.
"""

import math

import flax.linen as flax_nn
import torch
from torch import nn
from torch.nn import functional

_W_DECAY = 0.995
_GROUP = 4
_START = 4


class _Dense(nn.Module):
    def __init__(self, inputs: int, outputs: int, rate: float = 1.0):
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.empty(outputs))
        self.rate = rate

    def forward(self, x):
        gain = self.rate / math.sqrt(len(self.kernel))
        return torch.addmm(self.bias, x, self.kernel, beta=self.rate, alpha=gain)


class _Conv(nn.Module):
    def __init__(self, inputs: int, outputs: int, size: int = 3, stride: int = 1, bias=True):
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.empty(outputs)) if bias else None
        self.stride, self.padding = stride, size // 2 if stride == 1 else 0

    def forward(self, x):
        kernel = self.kernel / math.sqrt(self.kernel[0].numel())
        return functional.conv2d(x, kernel, self.bias, self.stride, self.padding)


class _Filter(nn.Module):
    """The filter [1, 3, 3, 1] on both axes, zeros around."""

    def __init__(self, padding: int, stride: int = 1, gain: float = 1.0):
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.register_buffer("taps", gain * torch.outer(taps, taps)[None, None])
        self.padding, self.stride = padding, stride

    def forward(self, x):
        channels = x.shape[1]
        kernel = self.taps.expand(channels, -1, -1, -1)
        return functional.conv2d(x, kernel, None, self.stride, self.padding, groups=channels)


class _Enlarge(_Filter):
    """Zeros between the pixels, then the filter."""

    def __init__(self):
        super().__init__(padding=1, stride=2, gain=4.0)

    def forward(self, x):
        channels = x.shape[1]
        kernel = self.taps.expand(channels, -1, -1, -1)
        return functional.conv_transpose2d(
            x, kernel, None, self.stride, self.padding, groups=channels
        )


class ModulatedConv(nn.Module):
    """Karras et al., CVPR 2020, equations 1 to 3; with `up` enlarged by 2."""

    def __init__(self, inputs: int, outputs: int, size: int, up: bool, demodulate: bool):
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(outputs, inputs, size, size))
        self.blur = _Filter(padding=1, gain=4.0) if up else None
        self.up, self.demodulate = up, demodulate

    def forward(self, x, style):
        """Maps ``(N, C, H, W)`` and styles ``(N, C)`` to the convolved maps."""
        if not self.demodulate:
            style = style / math.sqrt(self.kernel[0].numel())
        x = x * style[:, :, None, None]
        if self.up:
            x = self.blur(functional.conv_transpose2d(x, self.kernel.transpose(0, 1), stride=2))
        else:
            x = functional.conv2d(x, self.kernel, padding=self.kernel.shape[-1] // 2)
        if not self.demodulate:
            return x
        energy = self.kernel.square().sum(dim=(2, 3))
        norm = torch.rsqrt(style.square() @ energy.T + 1e-8)
        return x * norm[:, :, None, None]


class _ModulatedLayer(nn.Module):
    def __init__(self, latent: int, inputs: int, outputs: int, up: bool = False):
        super().__init__()
        self.affine = _Dense(latent, inputs)
        self.conv = ModulatedConv(inputs, outputs, 3, up, demodulate=True)
        self.noise_strength = nn.Parameter(torch.empty(()))
        self.bias = nn.Parameter(torch.empty(outputs))

    def forward(self, x, w):
        x = self.conv(x, self.affine(w))
        noise = torch.randn(len(x), 1, *x.shape[2:], device=x.device)
        return _activate(x + self.noise_strength * noise + self.bias[:, None, None])


class _ToColour(nn.Module):
    def __init__(self, latent: int, inputs: int, channels: int):
        super().__init__()
        self.affine = _Dense(latent, inputs)
        self.conv = ModulatedConv(inputs, channels, 1, up=False, demodulate=False)
        self.bias = nn.Parameter(torch.empty(channels))

    def forward(self, x, w):
        return self.conv(x, self.affine(w)) + self.bias[:, None, None]


def _activate(x):
    return functional.leaky_relu(x, 0.2) * math.sqrt(2)


def _width(ours: flax_nn.Module, side: int) -> int:
    return min(ours.channel_base // side, ours.channel_max)


class _Mapping(nn.Module):
    def __init__(self, ours: flax_nn.Module):
        super().__init__()
        for index in range(1, ours.mapping_layers + 1):
            self.add_module(f"dense{index}", _Dense(ours.latent, ours.latent, rate=0.01))

    def forward(self, z):
        x = z * torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
        for dense in self.children():
            x = _activate(dense(x))
        return x


class _Synthesis(nn.Module):
    def __init__(self, ours: flax_nn.Module):
        super().__init__()
        latent, width = ours.latent, _width(ours, _START)
        self.constant = nn.Parameter(torch.empty(width, _START, _START))
        self.conv4 = _ModulatedLayer(latent, width, width)
        self.to_rgb4 = _ToColour(latent, width, ours.channels)
        self.sides = [2**level for level in range(3, ours.resolution.bit_length())]
        for side in self.sides:
            before, width = width, _width(ours, side)
            self.add_module(f"conv{side}_up", _ModulatedLayer(latent, before, width, up=True))
            self.add_module(f"conv{side}", _ModulatedLayer(latent, width, width))
            self.add_module(f"to_rgb{side}", _ToColour(latent, width, ours.channels))
        self.enlarge = _Enlarge()

    def forward(self, ws):
        constant = self.constant.expand(len(ws), -1, -1, -1)
        x = self.conv4(constant.contiguous(memory_format=torch.channels_last), ws[:, 0])
        image = self.to_rgb4(x, ws[:, 1])
        for index, side in enumerate(self.sides):
            style = 2 * index + 1
            x = getattr(self, f"conv{side}_up")(x, ws[:, style])
            x = getattr(self, f"conv{side}")(x, ws[:, style + 1])
            image = self.enlarge(image) + getattr(self, f"to_rgb{side}")(x, ws[:, style + 2])
        return image


class StyleGAN2Generator(nn.Module):
    """Karras et al., CVPR 2020, with mixed styles and their running mean."""

    def __init__(self, ours: flax_nn.Module, style_mixing: float):
        super().__init__()
        self.latent, self.num_ws, self.style_mixing = ours.latent, ours.num_ws, style_mixing
        self.mapping_network = _Mapping(ours)
        self.synthesis_network = _Synthesis(ours)
        self.register_buffer("w_average", torch.zeros(ours.latent))

    def forward(self, z):
        """Maps ``(N, latent)`` to ``(N, C, H, W)``, all layers of one style."""
        w = self.mapping_network(z)
        return self.synthesis_network(w[:, None].expand(-1, self.num_ws, -1))

    def draw(self, count: int):
        """Images of new latent vectors: from a random layer on, another's style."""
        where = {"device": self.w_average.device}
        z = torch.randn(2 * count, self.latent, **where)
        first, second = self.mapping_network(z).split(count)
        self.w_average.lerp_(first.detach().mean(dim=0), 1 - _W_DECAY)
        cutoff = torch.randint(1, self.num_ws, (count, 1), **where)
        mixed = torch.rand(count, 1, **where) < self.style_mixing
        coarse = torch.arange(self.num_ws, **where) < torch.where(mixed, cutoff, self.num_ws)
        return self.synthesis_network(
            torch.where(coarse[..., None], first[:, None], second[:, None])
        )


class _Shrink(nn.Module):
    def __init__(self, features: int, features_out: int):
        super().__init__()
        self.conv = _Conv(features, features)
        self.blur = _Filter(padding=2)
        self.conv_down = _Conv(features, features_out, stride=2)
        self.shrink = _Filter(padding=1, stride=2)
        self.skip = _Conv(features, features_out, 1, bias=False)

    def forward(self, x):
        y = _activate(self.conv_down(self.blur(_activate(self.conv(x)))))
        return (y + self.skip(self.shrink(x))) / math.sqrt(2)


class StyleGAN2Discriminator(nn.Module):
    """Karras et al., CVPR 2020, section 4.1: residual, with the deviation within groups."""

    def __init__(self, ours: flax_nn.Module):
        super().__init__()
        width = _width(ours, _START)
        self.from_rgb = _Conv(ours.channels, _width(ours, ours.resolution), 1)
        self.sides = [2**level for level in range(3, ours.resolution.bit_length())][::-1]
        for side in self.sides:
            block = _Shrink(_width(ours, side), _width(ours, side // 2))
            self.add_module(f"block{side}", block)
        self.conv4 = _Conv(width + 1, width)
        self.dense = _Dense(width * _START**2, width)
        self.logit = _Dense(width, 1)

    def forward(self, x):
        """Maps ``(N, C, H, W)`` to ``(N,)``."""
        x = _activate(self.from_rgb(x))
        for side in self.sides:
            x = getattr(self, f"block{side}")(x)
        x = _activate(self.conv4(_with_deviation(x)))
        x = _activate(self.dense(x.permute(0, 2, 3, 1).flatten(1)))
        return self.logit(x)[:, 0]


def _with_deviation(x):
    groups = x.reshape(_GROUP, -1, *x.shape[1:])
    deviation = torch.sqrt(groups.var(dim=0, unbiased=False) + 1e-8).mean(dim=(1, 2, 3))
    plane = deviation.repeat(_GROUP)[:, None, None, None]
    return torch.cat([x, plane.expand(-1, 1, *x.shape[2:])], dim=1)
