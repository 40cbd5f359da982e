"""SRGAN's two stages: who moves in which, what the losses are, and what is refused."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs.super_resolution import srgan
from train.config.settings import TrainSettings
from train.data.fields import picture
from train.state.stage import STEP
from train.tasks import AdversarialSuperResolution
from train.tasks.adversarial_super_resolution import DISCRIMINATOR, GENERATOR, content_of


def built(**task):
    config = srgan.get_config("tiny")
    config.task.update(task)
    return AdversarialSuperResolution.from_config(config.to_dict(), TrainSettings(**config.train))


@pytest.fixture(scope="module")
def batch():
    return {"image": jax.random.uniform(jax.random.key(1), (4, 24, 24, 3))}


@pytest.fixture(scope="module")
def states(batch):
    """The task, its state at the start, and after three steps of each stage."""
    task = built()
    state, found = None, []
    for stage in task.stages:
        state = stage.init(jax.random.key(0), batch, state)
        found.append(state)
        step = jax.jit(stage.step_functions[STEP])
        for _ in range(3):
            state, metrics = step(state, batch)
    return task, *found, state, metrics


@dataclass
class Patches:
    """What a task looks at of a source."""

    patch_size: int
    fields: ClassVar = {"image": picture(3)}


def still(before, after):
    """Names of leaves that are as they were."""
    pairs = jax.tree.map(lambda a, b: bool(jnp.all(a == b)), before, after)
    return {
        jax.tree_util.keystr(path, simple=True, separator="/")
        for path, same in jax.tree_util.tree_leaves_with_path(pairs)
        if same
    }


def test_the_first_stage_moves_the_generator_alone(states):
    _, start, pretrained, *_ = states
    assert still(start.params, pretrained.params) == {
        f"{DISCRIMINATOR}/{name}" for name in still(*[start.params[DISCRIMINATOR]] * 2)
    }
    assert not still(start.collections[GENERATOR], pretrained.collections[GENERATOR])
    assert set(start.opt_state) == {"pretraining"}


def test_the_second_stage_moves_every_leaf_of_both(states):
    _, _, pretrained, after, metrics = states
    assert not still(pretrained.params, after.params)
    assert not still(pretrained.collections, after.collections)
    assert set(after.opt_state) == {GENERATOR, DISCRIMINATOR}
    wanted = {"loss", "content", "discriminator_loss", "real_logit", "fake_logit"}
    assert wanted <= set(metrics)


def test_losses_of_an_undecided_discriminator(states, batch):
    task, _, state, *_ = states
    params = dict(state.params)
    zeros = jax.tree.map(jnp.zeros_like, params[DISCRIMINATOR]["dense2"])
    params[DISCRIMINATOR] = {**params[DISCRIMINATOR], "dense2": zeros}
    key = jax.random.key(2)
    lr, hr = task._pair(key, batch)
    # Bicubic shrinking, rounded to the levels of a file.
    assert lr.shape == (4, 6, 6, 3)
    np.testing.assert_allclose(lr * 255, np.round(np.asarray(lr) * 255), atol=1e-4)
    value, (_, metrics) = task._restored(params, state.collections, key, (lr, hr))
    error = 4 * np.mean((np.asarray(metrics["restored"]) - np.asarray(hr)) ** 2)
    assert metrics["content"] == pytest.approx(error, rel=1e-5)
    assert value == pytest.approx(error + 1e-3 * np.log(2), rel=1e-5)
    pair = (hr, metrics["restored"])
    value, _ = task._told_apart(params, state.collections, key, pair)
    assert value == pytest.approx(2 * np.log(2), rel=1e-6)


def test_features_are_compared_by_name(imaging_data, batch):
    content = content_of("relu2_2", "distilled_vgg19_4")
    x = batch["image"]
    assert content(x, x) == 0
    assert content(x[:, ::-1], x) > 0
    with pytest.raises(ValueError, match=r"task.content='relu5_4' is unknown; did you mean"):
        content_of("relu5_4", "distilled_vgg19_4")


def test_training_alone_needs_features(states, batch):
    task = built(content="relu5_4", features="vgg19_that_is_nowhere.safetensors")
    *_, state, _ = states
    for stage in task.stages:
        jax.eval_shape(stage.init, jax.random.key(0), batch, None)
    lr = jnp.full((1, 5, 7, 3), 0.5)
    assert task.apply(task.variables(state), {"image": lr}, scale=4)["image"].shape[1] == 20
    with pytest.raises(FileNotFoundError):
        task.check_data(Patches(24))
    with pytest.raises(ValueError, match=r"data.patch_size=23 isn't a multiple of task.scale=4"):
        built().check_data(Patches(23))


def test_without_a_first_stage_steps_and_rates_count_from_the_start(batch):
    task = built(pretraining_steps=0)
    (stage,) = task.stages
    assert (stage.name, stage.steps) == ("adversarial", 4)
    state = stage.init(jax.random.key(0), batch, None)
    assert set(state.opt_state) == {GENERATOR, DISCRIMINATOR}
    assert [optimizer.count(0) for optimizer in stage.optimizers] == [0, 0]
    assert [o.count(2) for o in built().stages[1].optimizers] == [0, 0]


def test_grey_and_coloured_images_are_enlarged(states):
    task, *_, state, _ = states
    for channels in (1, 3):
        lr = jnp.full((2, 5, 7, channels), 0.5)
        found = task.apply(task.variables(state), {"image": lr}, scale=4)["image"]
        assert found.shape == (2, 20, 28, channels)


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ({"content": "relu5_4"}, "task.content='relu5_4', task.features=''"),
        ({"features": "vgg19.npz"}, "task.content='mse', task.features='vgg19.npz': wanted 'mse'"),
        ({"pretraining_steps": 4}, "task.pretraining_steps=4: wanted less than train.steps=4"),
        ({"pretraining_steps": -1}, "task.pretraining_steps=-1: wanted at least 0"),
        ({"adversarial": -1.0}, "task.adversarial=-1.0: wanted at least 0"),
        ({"degradation": "bicubik"}, "task.degradation='bicubik' is unknown; did you mean"),
    ],
)
def test_what_is_refused(task, words):
    with pytest.raises(ValueError, match=words):
        built(**task)


@pytest.mark.parametrize(
    ("network", "name", "words"),
    [
        (GENERATOR, "srcnn", "model.generator: SRCNN doesn't enlarge"),
        (DISCRIMINATOR, "conv_generator", "model.discriminator: ConvGenerator doesn't judge"),
    ],
)
def test_networks_of_other_roles_are_refused(network, name, words):
    config = srgan.get_config("tiny").to_dict()
    config["model"][network] = {"name": name}
    with pytest.raises(ValueError, match=words):
        AdversarialSuperResolution.from_config(config, TrainSettings(**config["train"]))
