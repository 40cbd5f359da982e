"""PR-DAD's stages, what the predictor is given, and what its loss can't tell apart."""

from itertools import islice

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs.phase_retrieval import pr_dad
from imaging_jax.operators import fourier_magnitude
from imaging_jax.synthesis import digits
from imaging_jax.transforms import haar_packet
from tests.train.run.test_run import stop_after
from train.config.settings import TrainSettings
from train.engine.loop import Stopped
from train.engine.restore import load_run
from train.run.training import fit
from train.scoring.protocols.phases import PhaseProtocol
from train.state.stage import STEP
from train.tasks import PhaseRetrieval
from train.tasks.phase_retrieval import DECODER, ENCODER, PREDICTOR


def tiny(kind="ii", steps=9, **task):
    config = pr_dad.get_config("tiny")
    config.train.steps = steps
    if kind == "ii":
        config.task.update({"encoder_steps": 3, "fine_tuning_steps": 3})
    else:
        config.task.update({"encoder_steps": 0, "fine_tuning_steps": 0})
        for name in (ENCODER, DECODER):
            del config.model[name]
        for name in ("autoencoder", DECODER):
            del config.optimizer[name]
        config.model.predictor.feature_shape = (4, 4, 16)
    config.task.update(task)
    return config


def built(config):
    return PhaseRetrieval.from_config(config.to_dict(), TrainSettings(**config.train))


def one_batch(batches):
    return lambda *arguments: islice(batches(*arguments), 1)


def batch(count=8):
    images, _ = digits(jax.random.key(1), count, (16, 16))
    return {"image": images}


def test_the_predictor_is_given_what_the_authors_code_makes():
    """Magnitudes of the normalized image, continued by its edge, which is black."""
    task = built(tiny("i"))
    image = np.array(batch(3)["image"])
    image[:, [0, -1]] = image[:, :, [0, -1]] = 0
    normalized = (image - task.mean) / task.std
    padded = np.pad(normalized, [(0, 0), (4, 4), (4, 4), (0, 0)], mode="edge")
    wanted = np.abs(np.fft.rfft2(padded, axes=(1, 2), norm="ortho"))
    found = task._normalized_magnitudes(fourier_magnitude(image, 1.5))
    assert found.shape == (3, 24, 13, 1)
    np.testing.assert_allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize("kind", ["i", "ii"])
def test_every_leaf_of_the_stage_moves_and_no_other(kind):
    task = built(tiny(kind))
    state, moved = None, []
    for stage in task.stages:
        state = jax.jit(lambda old: stage.init(jax.random.key(0), batch(), old))(state)  # noqa: B023
        step, before = jax.jit(stage.step_functions[STEP]), state
        for _ in range(stage.steps):
            state, _ = step(state, batch())
        moved.append(set())
        for name in state.params:
            changed = jax.tree.leaves(
                jax.tree.map(lambda a, b: jnp.any(a != b), before.params[name], state.params[name])
            )
            assert all(changed) or not any(changed), name
            moved[-1] |= {name} if any(changed) else set()
    if kind == "i":
        assert moved == [{PREDICTOR}]
    else:
        assert moved == [{ENCODER, DECODER}, {PREDICTOR}, {PREDICTOR, DECODER}]


@pytest.mark.slow
def test_the_decoder_keeps_its_statistics_while_the_predictor_learns():
    task = built(tiny())
    first, second, _ = task.stages
    state = first.init(jax.random.key(0), batch(), None)
    state, _ = jax.jit(first.step_functions[STEP])(state, batch())
    state = second.init(jax.random.key(0), batch(), state)
    after, _ = jax.jit(second.step_functions[STEP])(state, batch())
    for name in (ENCODER, DECODER):
        before, now = (jax.tree.leaves(s.collections[name]) for s in (state, after))
        for a, b in zip(before, now, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["i", "ii"])
def test_the_loss_falls(kind):
    config = tiny(kind, steps=60)
    if kind == "ii":
        config.task.update({"encoder_steps": 20, "fine_tuning_steps": 20})
    for section in config.optimizer.values():
        section.schedule = {"name": "constant", "peak": 3e-3}
    task, state, losses = built(config), None, []
    for stage in task.stages:
        state = jax.jit(lambda old: stage.init(jax.random.key(0), batch(), old))(state)  # noqa: B023
        step = jax.jit(stage.step_functions[STEP])
        losses.append([])
        for _ in range(stage.steps):
            state, metrics = step(state, batch())
            losses[-1].append(float(metrics["loss"]))
    for of_stage in losses[: 1 if kind == "i" else 2]:
        assert of_stage[-1] < 0.8 * of_stage[0], of_stage


@pytest.mark.parametrize("rotation_invariant", [True, False])
def test_an_image_and_itself_turned_count_alike_where_the_loss_is_invariant(rotation_invariant):
    """Magnitudes of both are the same, so that only what they are compared with differs."""
    config = tiny("i", magnitude=0.0, rotation_invariant=rotation_invariant)
    task = built(config)
    (stage,) = task.stages
    state = stage.init(jax.random.key(0), batch(), None)
    trained = (state.params, state.collections, jax.random.key(0))
    loss = jax.jit(lambda x: task._prediction(*trained, x)[0])
    images = batch()["image"]
    there, turned = loss({"image": images}), loss({"image": images[:, ::-1, ::-1]})
    assert (abs(there - turned) < 1e-5) == rotation_invariant


def test_features_of_the_first_variant_are_the_subbands():
    task = built(tiny("i"))
    x = jnp.asarray(np.random.default_rng(0).random((2, 16, 16, 1)), jnp.float32)
    np.testing.assert_array_equal(task._encode({}, {}, x), haar_packet(x, 2))
    np.testing.assert_allclose(task._decode(None, task._encode({}, {}, x)), x, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("stopped", [1, 3, 5])
def test_a_run_stopped_in_any_stage_goes_on_bit_for_bit(stopped, tmp_path, monkeypatch):
    config = tiny(steps=6)
    config.task.update({"encoder_steps": 2, "fine_tuning_steps": 2})
    config.evaluation = ()
    # Of the 5,000 digits that are held back, the first batch.
    monkeypatch.setattr(PhaseProtocol, "batches", one_batch(PhaseProtocol.batches))
    with monkeypatch.context() as patched:
        stop_after(patched, stopped)
        with pytest.raises(Stopped, match=f"step {stopped}"):
            fit(config, tmp_path / "run")
    fit(config, tmp_path / "run")
    fit(config, tmp_path / "whole")
    states = [load_run(tmp_path / name)[1] for name in ("run", "whole")]
    assert int(states[0].step) == 6
    for a, b in zip(*(jax.tree.leaves(state.params) for state in states), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.task.update({"oversampling": 2.0}), "model.predictor.grid=.* gives .32, 32"),
        (lambda c: c.task.update({"encoder_steps": 0}), "task.encoder_steps=0"),
        (lambda c: c.task.update({"encoder_steps": 9}), "together less than 9"),
        (lambda c: c.task.update({"sparsity": -1.0}), "task.sparsity=-1.0: wanted a weight"),
        (lambda c: c.task.update({"std": 0.0}), "task.std=0.0: wanted a positive"),
        (lambda c: c.model.encoder.update({"features": 16}), "model.encoder.features=16"),
        (lambda c: c.model.encoder.update({"name": "pr_dad_decoder"}), "wanted a PRDADEncoder"),
        (
            lambda c: delattr(c.model, "encoder"),
            "model: wanted the sections predictor, encoder, dec",
        ),
        (lambda c: delattr(c.optimizer, "decoder"), "optimizer: wanted the sections"),
        (
            lambda c: c.train.update({"accumulate": 2}),
            "train.accumulate=2: a task of several networks takes 1",
        ),
    ],
)
def test_configs_that_do_not_fit(change, message):
    config = tiny().unlock()
    change(config)
    with pytest.raises(ValueError, match=message):
        built(config)


@pytest.mark.parametrize(
    ("variant", "shape", "predictor"),
    [
        ("mnist_i_0", (32, 32, 1), 5_275_472),
        ("mnist_i_25", (32, 32, 1), 10_591_632),
        ("emnist_i_50", (32, 32, 1), 19_418_832),
        ("kmnist_ii_50", (32, 32, 1), 35_230_656),
        ("fashion_i_25", (32, 32, 1), 28_487_232),
        ("fashion_ii_25", (32, 32, 1), 21_979_776),
        ("celeba_i_0", (64, 64, 1), 97_241_856),
        ("celeba_ii_0", (64, 64, 1), 97_241_856),
    ],
)
def test_every_set_has_networks_of_the_printed_sizes(variant, shape, predictor):
    """Counts of the fact sheet, from the released configurations."""
    config = pr_dad.get_config(variant)
    task = built(config)
    assert task.image_shape == shape
    images = {"image": jax.ShapeDtypeStruct((2, *shape), jnp.float32)}
    state = jax.eval_shape(lambda: task.stages[0].init(jax.random.key(0), images, None))
    counted = sum(leaf.size for leaf in jax.tree.leaves(state.params[PREDICTOR]))
    assert counted == predictor


def test_a_padding_the_network_was_not_built_for_is_named():
    task = built(tiny("i"))
    (stage,) = task.stages
    state = stage.init(jax.random.key(0), batch(), None)
    with pytest.raises(ValueError, match="magnitude"):
        task.apply(task.variables(state), {"magnitude": jnp.ones((1, 32, 32, 1))})
