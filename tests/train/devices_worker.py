"""Trains and scores with as many devices as XLA_FLAGS says; prints what the tests compare."""

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
from imaging_jax.models import MODELS
from imaging_jax.transforms import depth_to_space
from tests.train.helpers import log
from train.data.image_sets import ImageSet
from train.engine import compiled
from train.engine.loop import Stopped
from train.engine.restore import load_run
from train.run.training import fit
from train.scoring.evaluators import Evaluator
from train.scoring.protocols import PROTOCOLS


class WithBatchNorm(nn.Module):
    """A small network whose every output depends on the whole batch."""

    scale: int
    channels: int = 3
    upsampled_input: ClassVar[bool] = False

    @nn.compact
    def __call__(self, x, train: bool = False):
        x = nn.Conv(8, (3, 3))(x)
        x = nn.relu(nn.BatchNorm(use_running_average=not train, momentum=0.9)(x))
        return depth_to_space(nn.Conv(self.channels * self.scale**2, (3, 3))(x), self.scale)


def config_for(model):
    config = (conditional_gan if model == "adversarial" else quickstart).get_config("tiny")
    config.train.update({"steps": 10, "validate_every": 10, "checkpoint_every": 5, "keep": 3})
    config.train.update({"ema_decay": 0.9, "accumulate": 1})
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
    task, state, _ = load_run(run)
    generator = np.random.default_rng(0)
    shapes = [(24, 30, 3)] * 3 + [(27, 24, 3)] + [(24, 30, 3)] * 4
    pictures = [generator.integers(0, 256, shape).astype(np.uint8) for shape in shapes]
    images = ImageSet("noise", [str(i) for i in range(8)], lambda i: pictures[i])
    predicted = []

    def predict(lr, scale):
        predicted.append(len(lr))
        return task.predict(state, lr, scale)

    evaluator = Evaluator(predict, images, PROTOCOLS["rgb_rounded_once"], 3, jax.device_count())
    return {"scores": [r["psnr"] for r in evaluator.records()], "predicted": predicted}


def main(model, workdir, stop):
    MODELS["batch_norm"] = WithBatchNorm
    if int(stop):
        stop_at(int(stop))
    try:
        fit(config_for(model), workdir)
    except Stopped:
        print(json.dumps({"stopped": True}))
        return
    losses = [line["train/loss"] for line in log(Path(workdir)) if "train/loss" in line]
    found = {"devices": jax.device_count(), "losses": losses}
    if model != "adversarial":
        found |= ragged_scores(workdir)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
