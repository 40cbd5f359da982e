"""PyTorch's side of adversarial training: DCGAN with the layers of ours, and the eager steps.

Written from the paper's layer list. This file needs PyTorch: see `benchmarks.torch_networks`.
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

from benchmarks.torch_pix2pix import PatchDiscriminator, UNetGenerator
from benchmarks.torch_stylegan2 import (
    ModulatedConv,
    StyleGAN2Discriminator,
    StyleGAN2Generator,
)
from benchmarks.torch_training import by_threads, device, from_host, synchronise
from train.tasks import Translation
from train.tasks.adversarial import DISCRIMINATOR, GENERATOR, NETWORKS


def copy_weights(params: Mapping[str, Any], network: nn.Module) -> None:
    """Copies our parameters into the network with the same layers and names.

    Args:
      params: the tree of ours.
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
    for path, parameter in network.named_parameters():
        *words, name = path.split(".")
        layer = network.get_submodule(".".join(words))
        if name == "weight":
            name = "scale" if isinstance(layer, nn.BatchNorm2d) else "kernel"
        ours = reduce(lambda tree, word: tree[word], [*words, name], params)
        value = _in_torch_order(np.asarray(ours), layer)
        parameter.data.copy_(torch.from_numpy(value.copy()).reshape(parameter.shape))


def _in_torch_order(value: np.ndarray, layer: nn.Module) -> np.ndarray:
    if isinstance(layer, nn.ConvTranspose2d) and value.ndim > 1:
        if value.ndim == 2:
            # Ours enlarges the first pixel by a dense layer.
            value = value.reshape(len(value), 4, 4, -1).transpose(1, 2, 0, 3)
        return value.transpose(2, 3, 0, 1)
    if isinstance(layer, ModulatedConv) and layer.up:
        # Ours correlates the kernel with the enlarged image.
        value = value[::-1, ::-1]
    axes = {4: (3, 2, 0, 1), 3: (2, 0, 1)}
    return value.transpose(axes[value.ndim]) if value.ndim in axes else value


class DCGANGenerator(nn.Module):
    """Radford et al., ICLR 2016, section 3, in the sizes of PyTorch's tutorial."""

    def __init__(self, ours: flax_nn.Module):
        super().__init__()
        self.latent = ours.latent
        widths = [ours.features * 2**level for level in range(ours.size.bit_length() - 3)][::-1]
        layers = zip([ours.latent, *widths], [*widths, ours.channels], strict=True)
        self.depth = len(widths)
        for index, (inputs, outputs) in enumerate(layers, start=1):
            stride, padding = (1, 0) if index == 1 else (2, 1)
            conv = nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False)
            self.add_module(f"conv{index}", conv)
            if index <= self.depth:
                self.add_module(f"norm{index}", nn.BatchNorm2d(outputs))

    def forward(self, z):
        """Maps ``(N, latent)`` to ``(N, C, H, W)`` in [-1, 1]."""
        x = z[:, :, None, None]
        for index in range(1, self.depth + 1):
            x = getattr(self, f"norm{index}")(getattr(self, f"conv{index}")(x))
            x = functional.relu(x, inplace=True)
        return torch.tanh(getattr(self, f"conv{self.depth + 1}")(x))

    def draw(self, count: int):
        """Images of new latent vectors."""
        return self(torch.randn(count, self.latent, device=self.conv1.weight.device))


class DCGANDiscriminator(nn.Module):
    """Radford et al., ICLR 2016, section 3, in the sizes of PyTorch's tutorial."""

    def __init__(self, ours: flax_nn.Module):
        super().__init__()
        widths = [ours.features * 2**level for level in range(ours.size.bit_length() - 3)]
        layers = zip([ours.channels, *widths], [*widths, 1], strict=True)
        self.depth = len(widths)
        for index, (inputs, outputs) in enumerate(layers, start=1):
            padding = int(index <= self.depth)
            conv = nn.Conv2d(inputs, outputs, 4, 2, padding, bias=False)
            self.add_module(f"conv{index}", conv)
            if 1 < index <= self.depth:
                self.add_module(f"norm{index}", nn.BatchNorm2d(outputs))

    def forward(self, x):
        """Maps ``(N, C, H, W)`` to ``(N,)``."""
        for index in range(1, self.depth + 1):
            x = getattr(self, f"conv{index}")(x)
            x = getattr(self, f"norm{index}")(x) if index > 1 else x
            x = functional.leaky_relu(x, 0.2, inplace=True)
        return getattr(self, f"conv{self.depth + 1}")(x).flatten()


class TorchStep:
    """One update of the discriminator and one of the generator, eager, on one batch.

    Args:
      task: a `train.tasks.Adversarial` of the cross-entropy without penalties.
      params: the parameters of both its networks, which these start from.
      section: the optimizer of both, an Adam.
      batch: {"image": (N, H, W, C)} in [0, 1] on the host.

    Attributes:
      networks: generator and discriminator by name.
      averages: of the generator's parameters, where they are kept.

    Raises:
      ValueError: JAX computes on a GPU that this PyTorch can't use.
    """

    def __init__(
        self,
        task: Any,
        params: Mapping[str, Any],
        section: Mapping[str, Any],
        batch: Mapping[str, np.ndarray],
    ):
        _check_device()
        self.networks = {name: _placed(counterpart(task, name), params[name]) for name in NETWORKS}
        self._batch = {name: from_host(image) for name, image in batch.items()}
        self._optimizers = {
            name: torch.optim.Adam(
                network.parameters(),
                lr=section["schedule"]["peak"],
                betas=(section["b1"], section["b2"]),
                fused=True,
            )
            for name, network in self.networks.items()
        }
        self._task = task
        self._averaged = list(self.networks[GENERATOR].parameters()) if self.ema_decay else []
        self.averages = [p.detach().clone() for p in self._averaged]

    @property
    def ema_decay(self) -> float:
        """Of the generator's moving average; 0 where there is none."""
        return self._task.ema_decay

    def __call__(self) -> None:
        """Takes a step, and waits for it."""
        self._update_both()
        if self.averages:
            with torch.no_grad():
                torch._foreach_lerp_(self.averages, self._averaged, 1 - self.ema_decay)
        synchronise()

    def _update_both(self) -> None:
        generator, discriminator = (self.networks[name] for name in NETWORKS)
        image = 2 * self._batch["image"] - 1
        count = len(image)
        discriminator.requires_grad_(True)
        with torch.no_grad():
            fake = generator.draw(count)
        real_logits, fake_logits = discriminator(image), discriminator(fake)
        loss = functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()
        self._update(DISCRIMINATOR, loss)
        # Else the generator's loss would be differentiated by the discriminator's parameters too.
        discriminator.requires_grad_(False)
        logits = discriminator(generator.draw(count))
        self._update(GENERATOR, functional.softplus(-logits).mean())

    def _update(self, name: str, loss: torch.Tensor) -> None:
        optimizer = self._optimizers[name]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()


class TorchTranslationStep(TorchStep):
    """The step of a `train.tasks.Translation` of pairs, conditional, of the cross-entropy.

    Its batch is {"image", "target"}. The generator passes forward once, as ours does.
    """

    @property
    def ema_decay(self) -> float:
        """As of a `TorchStep`."""
        return self._task.ema.get(GENERATOR, 0.0)

    def _update_both(self) -> None:
        generator, discriminator = (self.networks[name] for name in NETWORKS)
        given, target = (2 * self._batch[name] - 1 for name in ("image", "target"))
        fake = generator(given)
        discriminator.requires_grad_(True)
        real_logits, fake_logits = (
            discriminator(torch.cat([given, x], dim=1)) for x in (target, fake.detach())
        )
        loss = functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()
        self._update(DISCRIMINATOR, loss)
        discriminator.requires_grad_(False)
        logits = discriminator(torch.cat([given, fake], dim=1))
        loss = self._task.adversarial * functional.softplus(-logits).mean()
        self._update(GENERATOR, loss + self._task.l1 * functional.l1_loss(fake, target))


def programs(
    task: Any,
    params: Mapping[str, Any],
    section: Mapping[str, Any],
    batch: Mapping[str, np.ndarray],
) -> dict[str, Callable[[], None]]:
    """Steps to be timed, on a CPU with one thread and with all; arguments are `TorchStep`'s."""
    step_of = TorchTranslationStep if isinstance(task, Translation) else TorchStep
    return by_threads(step_of(task, params, section, batch))


def counterpart(task: Any, name: str) -> nn.Module:
    """Builds the PyTorch network with the layers of the task's generator or discriminator."""
    ours = task.networks[name]
    networks = {
        "DCGANGenerator": DCGANGenerator,
        "DCGANDiscriminator": DCGANDiscriminator,
        "StyleGAN2Generator": lambda ours: StyleGAN2Generator(ours, task.style_mixing),
        "StyleGAN2Discriminator": StyleGAN2Discriminator,
        "UNetGenerator": UNetGenerator,
        "PatchDiscriminator": PatchDiscriminator,
    }
    return networks[type(ours).__name__](ours)


def _placed(network: nn.Module, params: Mapping[str, Any]) -> nn.Module:
    copy_weights(params, network)
    return network.to(device(), memory_format=torch.channels_last)


def _check_device() -> None:
    if device().type == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"--adversarial: JAX computes on {jax.default_backend()}, and this PyTorch "
            f"({torch.__version__}) has no GPU; JAX_PLATFORMS=cpu measures both on the CPU"
        )
