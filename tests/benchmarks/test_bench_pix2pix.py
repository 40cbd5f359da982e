"""pix2pix' row of `train.bench --adversarial` takes the same step on either side."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from benchmarks import adversarial, against_torch
from configs.translation import pix2pix
from train.config.settings import TrainSettings
from train.state.stage import STEP
from train.tasks import Translation
from train.tasks.adversarial import DISCRIMINATOR, GENERATOR, NETWORKS

# Half a minute, most of it compiling.
pytestmark = pytest.mark.slow

CONFIG = pix2pix.get_config("tiny").to_dict()
RANDOM = np.random.default_rng(0)
PAIR = {name: RANDOM.random((1, 16, 16, 3), np.float32) for name in ("image", "target")}


@pytest.fixture
def side():
    pytest.importorskip("torch", reason="PyTorch isn't installed: nothing to compare with")
    from benchmarks import torch_adversarial

    return torch_adversarial


def started(config):
    """Task, stage, and what makes its first state."""
    task = Translation.from_config(config, TrainSettings(**config["train"]))
    (stage,) = task.stages
    side = config["data"]["patch_size"]
    example = {name: jnp.zeros((1, side, side, 3)) for name in PAIR}
    return task, stage, lambda: stage.init(jax.random.key(0), example, None)


def test_a_step_has_our_gradients(side, monkeypatch):
    """Those of the generator go through the discriminator that was updated before."""
    monkeypatch.setattr(nn.Dropout, "__call__", lambda self, x: x)
    monkeypatch.setattr(side.functional, "dropout", lambda x, rate: x)
    task, stage, start = started(CONFIG)
    state = jax.jit(start)()
    step = side.TorchTranslationStep(task, state.params, CONFIG["optimizer"]["generator"], PAIR)
    ours = jax.jit(stage.step_functions[STEP])
    for _ in range(2):
        state, metrics = ours(state, PAIR)
        step()
        for name, prefix in ((GENERATOR, ""), (DISCRIMINATOR, "discriminator_")):
            squares = (float(p.grad.square().sum()) for p in step.networks[name].parameters())
            wanted = float(metrics[f"{prefix}gradient_norm"])
            assert wanted > 0
            assert np.sqrt(sum(squares)) == pytest.approx(wanted, rel=1e-3)


def test_both_sides_have_the_published_parameters(side):
    config = pix2pix.get_config("outlines_256").to_dict()
    task, _, start = started(config)
    shapes = jax.eval_shape(start).params
    for network, parameters in zip(NETWORKS, (54_413_955, 2_768_705), strict=True):
        ours = sum(leaf.size for leaf in jax.tree.leaves(shapes[network]))
        theirs = sum(p.numel() for p in side.counterpart(task, network).parameters())
        assert ours == theirs == parameters


def test_the_row_of_pix2pix(monkeypatch):
    monkeypatch.setattr(adversarial, "torch_adversarial", None)
    monkeypatch.setattr(against_torch, "torch_training", None)
    report = against_torch.benchmark_against_torch(
        [adversarial.pix2pix_case("tiny")], rounds=1, seconds=0.0
    )
    assert list(report["rows"]["pix2pix-16, batch 1"]) == ["ours"]
