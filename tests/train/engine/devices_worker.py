"""Trains and scores with as many devices as XLA_FLAGS says; prints what the tests compare."""

import dataclasses
import json
import signal
import sys
from pathlib import Path
from typing import ClassVar

import flax.linen as nn
import jax
import numpy as np

from configs import quickstart
from configs.generative import conditional_gan
from configs.language import gpt
from configs.translation import cycle_gan
from imaging_jax.models import MODELS
from imaging_jax.models.layers import Conv, _convolution
from imaging_jax.transforms import depth_to_space
from tests.train.helpers import log
from train.data.data_set import DataSet
from train.data.data_sets import data_set
from train.data.fields import Field
from train.engine import compiled
from train.engine.loop import Stopped
from train.engine.restore import load_run
from train.run.training import fit
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system as open_system
from train.systems.runs import trained

CONFIGS = {"adversarial": conditional_gan, "cycle": cycle_gan, "sharded": gpt}


class WithBatchNorm(nn.Module):
    """A small network whose every output depends on the whole batch."""

    scale: int
    channels: int = 3
    takes: ClassVar[tuple[str, ...]] = ("image",)

    @nn.compact
    def __call__(self, x, train: bool = False):
        x = Conv(8, (3, 3))(x)
        x = nn.relu(nn.BatchNorm(use_running_average=not train, momentum=0.9)(x))
        return depth_to_space(Conv(self.channels * self.scale**2, (3, 3))(x), self.scale)


def config_for(model):
    config = CONFIGS.get(model, quickstart).get_config("tiny")
    config.train.update({"steps": 10, "validate_every": 10, "checkpoint_every": 5, "keep": 3})
    config.train.update({"ema_decay": 0.9, "accumulate": 1})
    config.data.batch_size = 16
    if model == "sharded":
        config.model.width = 64
        config.train.shard_parameters = True
    if model == "batch_norm":
        config.model = {"name": "batch_norm"}
        config.optimizer.schedule.peak = 1e-3
    return config


def stop_at(step):
    original = compiled.CompiledStage.__call__

    def call(self, state, at, inputs):
        if at == step - 1:
            signal.raise_signal(signal.SIGTERM)
        return original(self, state, at, inputs)

    compiled.CompiledStage.__call__ = call


def ragged_scores(run):
    """Seven images of one size and one of another, in batches that are never full."""
    generator = np.random.default_rng(0)
    shapes = [(24, 30, 3)] * 3 + [(27, 24, 3)] + [(24, 30, 3)] * 4
    pictures = [generator.integers(0, 256, shape).astype(np.uint8) for shape in shapes]
    fields = {"image": Field((None, None, 3), "uint8", "image", (0, 255))}
    names = [str(i) for i in range(8)]
    images = DataSet("noise", fields, names, lambda i: {"image": pictures[i]})
    predicted, system = [], trained(Path(run))

    def apply(inputs, scale):
        predicted.append(len(inputs["image"]))
        return system.apply(inputs, scale=scale)

    spied, protocol = dataclasses.replace(system, apply=apply), PROTOCOLS["rgb_rounded_once"]
    found = evaluate(spied, images, protocol, 3, batch_size=jax.device_count())
    return {"scores": [row["psnr"] for row in found.per_item], "predicted": predicted}


def held(run):
    """The share of the parameters that the first device holds, and the score of the file."""
    leaves = jax.tree.leaves(load_run(run)[1].params)
    first = sum(leaf.addressable_shards[0].data.nbytes for leaf in leaves)
    system, text = open_system(f"{run}/weights.safetensors"), data_set("text:python:test")
    values = evaluate(system, text, PROTOCOLS["language"], 8).values
    share = first / sum(leaf.nbytes for leaf in leaves)
    return {"share": share, "score": values["bits_per_character"]}


def main(model, workdir, stop):
    MODELS["batch_norm"] = WithBatchNorm
    # Small enough for eight devices to cut their two images each into pieces.
    _convolution._UNFOLDED = 2_000
    if int(stop):
        stop_at(int(stop))
    try:
        fit(config_for(model), workdir)
    except Stopped:
        print(json.dumps({"stopped": True}))
        return
    losses = [line["train/loss"] for line in log(Path(workdir)) if "train/loss" in line]
    found = {"devices": jax.device_count(), "losses": losses}
    if model == "sharded":
        found |= held(workdir)
    if model not in CONFIGS:
        found |= ragged_scores(workdir)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
