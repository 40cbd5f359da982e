"""pix2pix' step: who moves, what the losses are, and what a picture of any size becomes."""

import json

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs.translation import pix2pix
from imaging_jax import pretrained
from train.config.settings import TrainSettings
from train.data.images import Picture
from train.data.made_pairs import drawn_pair_patches
from train.state.stage import STEP
from train.systems.catalogue import system
from train.systems.enlarging import Enlarger
from train.tasks import Translation
from train.tasks.translation import DISCRIMINATOR, GENERATOR


def built(generator=(), discriminator=(), **task):
    config = pix2pix.get_config("tiny")
    config.task.update(task)
    config.model.generator.update(dict(generator))
    config.model.discriminator.update(dict(discriminator))
    return Translation.from_config(config.to_dict(), TrainSettings(**config.train))


def batch(count=2, side=16):
    return drawn_pair_patches(count, side, "labels").batch(jax.random.key(1), ())


def started(task):
    (stage,) = task.stages
    return stage.init(jax.random.key(0), batch(), None), jax.jit(stage.step_functions[STEP])


def moved(before, after):
    """Networks of which every leaf changed."""
    found = set()
    for name in before.params:
        pairs = zip(*(jax.tree.leaves(s.params[name]) for s in (before, after)), strict=True)
        changed = [bool(jnp.any(a != b)) for a, b in pairs]
        assert all(changed) or not any(changed), name
        found |= {name} if any(changed) else set()
    return found


@pytest.mark.parametrize(
    ("task", "networks"),
    [({}, {GENERATOR, DISCRIMINATOR}), ({"adversarial": 0.0}, {GENERATOR})],
)
def test_who_moves(task, networks):
    task = built(**task)
    before, step = started(task)
    after = before
    for _ in range(3):
        after, _ = step(after, batch())
    assert moved(before, after) == networks


def test_the_losses_of_an_undecided_discriminator():
    """At logits of zero, the cross-entropies of the paper and nothing of them in the gradient."""
    task = built()
    state, _ = started(task)
    last = f"conv{task.networks[DISCRIMINATOR].halvings + 2}"
    params = jax.tree.map(lambda x: x, state.params)
    params[DISCRIMINATOR][last] = jax.tree.map(jnp.zeros_like, params[DISCRIMINATOR][last])
    given, target = (2 * batch()[name] - 1 for name in ("image", "target"))
    key = jax.random.key(3)
    fake = task._generate(params, GENERATOR, key, given)
    value, _ = task._told_apart(params, given, target, fake)
    assert value == pytest.approx(2 * np.log(2), rel=1e-6)
    value, metrics = task._translated(params, given, target, fake)
    l1 = np.abs(np.asarray(fake) - np.asarray(target)).mean()
    assert metrics["l1"] == pytest.approx(l1, rel=1e-5)
    assert value == pytest.approx(100 * l1 + np.log(2), rel=1e-5)


def written_plainly(task):
    """The step with the generated image made anew wherever it is looked at."""

    def step(state, batch):
        key = state.step_key()
        given, target = (2 * batch[name] - 1 for name in ("image", "target"))

        def fake(params):
            return task._generate(params, GENERATOR, key, given)

        start = state.params
        state, told = task._update(
            state, DISCRIMINATOR, lambda p: task._told_apart(p, given, target, fake(start))
        )
        state, made = task._update(
            state, GENERATOR, lambda p: task._translated(p, given, target, fake(p))
        )
        return state.replace(step=state.step + 1), {**told, **made}

    return step


def test_the_generator_passes_forward_once():
    """With the figures of a step where it passes twice, in fewer operations."""
    task = built({"levels": 2}, {"halvings": 0})
    state, once = started(task)
    once, twice = (
        step.lower(state, batch()).compile() for step in (once, jax.jit(written_plainly(task)))
    )
    assert once.cost_analysis()["flops"] < twice.cost_analysis()["flops"]
    found = state
    for _ in range(2):
        found, metrics = once(found, batch())
        state, wanted = twice(state, batch())
        chex.assert_trees_all_close(metrics, wanted, rtol=1e-5)
        chex.assert_trees_all_close(found.params, state.params, rtol=1e-5, atol=1e-7)


def test_the_discriminator_sees_the_given_image_only_where_it_is_conditional():
    for conditional in (True, False):
        task = built(conditional=conditional)
        state, _ = started(task)
        given, target = (2 * batch()[name] - 1 for name in ("image", "target"))
        seen = [task._seen(x, target) for x in (given, -given)]
        logits = [task._judge(state.params, DISCRIMINATOR, x) for x in seen]
        assert bool(jnp.any(logits[0] != logits[1])) == conditional


@pytest.mark.slow
def test_l1_falls():
    task = built(adversarial=0.0)
    state, step = started(task)
    values = []
    for _ in range(100):
        state, metrics = step(state, batch())
        values.append(float(metrics["l1"]))
    assert values[-1] < 0.85 * values[0]


def test_pictures_of_any_size_are_translated():
    task = built()
    state, _ = started(task)
    x = jax.random.uniform(jax.random.key(2), (1, 21, 35, 3))
    y = task.apply(task.variables(state), {"image": x})["image"]
    assert y.shape == (1, 21, 35, 3)
    assert 0 <= y.min() < y.max() <= 1
    whole = task.apply(
        task.variables(state), {"image": jnp.pad(x, [(0, 0), (0, 11), (0, 13), (0, 0)], "edge")}
    )
    np.testing.assert_allclose(y, whole["image"][:, :21, :35], atol=1e-6)


def test_weights_of_a_run_say_that_they_look_at_the_whole_picture(tmp_path, capsys):
    config = {**pix2pix.get_config("tiny").to_dict(), "seed": 0}
    config["model"]["generator"] |= {"features": 1, "levels": 1}
    task = Translation.from_config(config, TrainSettings(**config["train"]))
    (stage,) = task.stages
    shapes = jax.eval_shape(lambda: stage.init(jax.random.key(0), batch(), None)).params
    params = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), shapes[GENERATOR])
    file = tmp_path / "of_a_run.safetensors"
    pretrained.save(file, {"params": params}, {"config": json.dumps(config)})
    grey = Picture.of(np.full((5, 6, 1), 9, np.uint8))
    found = Enlarger(system(str(file)), {"scale": 1}, 1.0)(grey)
    # The tangent of nothing is the middle of [-1, 1].
    np.testing.assert_array_equal(found.pixels, np.full((5, 6, 3), 128))
    shown = capsys.readouterr().out
    assert "of_a_run: no picture is cut into tiles, whatever memory it takes, as norms" in shown


@pytest.mark.slow
def test_an_image_is_translated_alike_wherever_it_stands_in_a_batch():
    task = built()
    state, _ = started(task)
    x = jax.random.uniform(jax.random.key(2), (1, 16, 16, 3))
    twice = jnp.concatenate([x, 1 - x, x])
    y = task.apply(task.variables(state), {"image": twice})["image"]
    np.testing.assert_allclose(y[0], y[2], atol=1e-6)
    alone = task.apply(task.variables(state), {"image": x})["image"]
    np.testing.assert_allclose(y[0], alone[0], atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.task.update({"l1": -1.0}), "task.l1=-1.0: wanted at least 0"),
        (lambda c: c.task.update({"loss": "hinged"}), "task.loss='hinged' is unknown"),
        (lambda c: c.train.update({"accumulate": 2}), "train.accumulate=2"),
        (
            lambda c: setattr(c.model, "generator", {"name": "mlp_generator"}),
            "model.generator: wanted a Translator, got MLPGenerator",
        ),
        (lambda c: delattr(c.model, "generator"), "model: wanted the sections generator, disc"),
    ],
)
def test_configs_that_do_not_fit(change, message):
    config = pix2pix.get_config("tiny").unlock()
    change(config)
    with pytest.raises(ValueError, match=message):
        Translation.from_config(config.to_dict(), TrainSettings(**config.train))
