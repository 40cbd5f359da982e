"""The training step of adversarial pairs in turns with the same step in PyTorch, where it is there.

A step updates the discriminator and then the generator, of GANs without the penalties that are
taken every so many steps. Both sides start from the same parameters and compute on one device;
PyTorch is eager, channels last. On a CPU it takes turns with one thread and with all, since where
other programs hold the cores its threads spend most of their time waiting for each other.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType

from benchmarks.operator_cases import OURS, Case
from benchmarks.training import Training, UniformNoise
from configs.translation import pix2pix
from imaging_jax.models.generative import (
    DCGANDiscriminator,
    DCGANGenerator,
    StyleGAN2Discriminator,
    StyleGAN2Generator,
)
from train.config.settings import TrainSettings
from train.state.devices import DATA_AXIS
from train.tasks import Adversarial, StyleAdversarial, Task, Translation
from train.tasks.adversarial import NETWORKS

try:
    from benchmarks import torch_adversarial
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    torch_adversarial = None

_STEPS = 100_000


def _adam(rate: float, b1: float, b2: float) -> dict[str, Any]:
    schedule = {"name": "constant", "peak": rate}
    return {"name": "adam", "b1": b1, "b2": b2, "schedule": schedule}


DCGAN_ADAM = _adam(2e-4, b1=0.5, b2=0.999)
STYLEGAN2_ADAM = _adam(2.5e-3, b1=0.0, b2=0.99)


def dcgan_task(size: int, features: int) -> Adversarial:
    """DCGAN of colour images, non-saturating."""
    return Adversarial(
        DCGANGenerator(size=size, features=features, channels=3),
        DCGANDiscriminator(size=size, features=features, channels=3),
        {name: DCGAN_ADAM for name in NETWORKS},
        _STEPS,
    )


def stylegan2_task(resolution: int, base: int, most: int, latent: int) -> StyleAdversarial:
    """StyleGAN2 of colour images with mixed styles and a moving average, without penalties.

    Args:
      resolution: height and width.
      base: layers have base / side channels,
      most: at most.
      latent: numbers in a style.
    """
    sizes = {"resolution": resolution, "channel_base": base, "channel_max": most, "channels": 3}
    return StyleAdversarial(
        StyleGAN2Generator(latent=latent, mapping_layers=2, **sizes),
        StyleGAN2Discriminator(**sizes),
        {name: STYLEGAN2_ADAM for name in NETWORKS},
        _STEPS,
        r1=0.0,
        path_length=0.0,
        ema_decay=0.998,
    )


def dcgan_case(size: int, features: int, batch: int) -> Case:
    """A step of DCGAN."""
    task = dcgan_task(size, features)
    return Case(f"DCGAN-{size}, batch {batch}", _programs(task, DCGAN_ADAM, _drawn(task, batch)))


def stylegan2_case(resolution: int, base: int, most: int, latent: int, batch: int) -> Case:
    """A step of StyleGAN2."""
    task = stylegan2_task(resolution, base, most, latent)
    programs = _programs(task, STYLEGAN2_ADAM, _drawn(task, batch))
    return Case(f"StyleGAN2-{resolution}, batch {batch}", programs)


def pix2pix_case(variant: str) -> Case:
    """A step of a variant of the config pix2pix, on one pair of noise."""
    config = pix2pix.get_config(variant).to_dict()
    task = Translation.from_config(config, TrainSettings(**config["train"]))
    side = config["data"]["patch_size"]
    shapes = dict.fromkeys(("image", "target"), (1, side, side, 3))
    programs = _programs(task, config["optimizer"]["generator"], shapes)
    return Case(f"pix2pix-{side}, batch 1", programs)


def cases() -> list[Case]:
    """The rows at full size."""
    batch = 16 if jax.default_backend() == "cpu" else 64
    return [
        dcgan_case(64, 64, batch),
        stylegan2_case(64, 2048, 128, 128, batch),
        pix2pix_case("outlines_256"),
    ]


def _drawn(task: Adversarial, batch: int) -> dict[str, tuple[int, ...]]:
    return {"image": (batch, *task.image_shape)}


def _programs(
    task: Task, section: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, Any]:
    mesh = jax.make_mesh((1,), (DATA_AXIS,), (AxisType.Auto,), devices=jax.devices()[:1])
    data = UniformNoise(shapes, shapes["image"][1])
    (stage,) = task.stages
    training = Training(stage, data, mesh, seed=0, steps_per_call=1)
    found: dict[str, Any] = {OURS: partial(training.run, 1)}
    if torch_adversarial is not None:
        batch = {name: np.array(image) for name, image in next(data.inputs(0, mesh)).items()}
        params = training.state.params
        found |= torch_adversarial.programs(task, params, section, batch)
    return found
