"""CycleGAN's step, its pool of images, and what its terms count."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs.translation import cycle_gan
from tests.train.helpers import assert_equal_states
from tests.train.run.test_run import stop_after
from train.config.settings import TrainSettings
from train.data.digit_domains import DigitDomains
from train.engine.loop import Stopped
from train.run.training import fit
from train.state.stage import STEP
from train.tasks import CycleTranslation
from train.tasks.cycle_translation import GENERATOR, INVERSE
from train.tasks.image_pool import SIZE, empty_pool, exchange


def built(**task):
    config = cycle_gan.get_config("tiny")
    config.task.update(task)
    # The rate holds for as long as any test here trains.
    config.train.steps = 1000
    for section in config.optimizer.values():
        section.schedule.hold = 999
    return CycleTranslation.from_config(config.to_dict(), TrainSettings(**config.train))


def batch(seed=1):
    return DigitDomains(2, 16).batch(jax.random.key(seed), ())


def started(task):
    (stage,) = task.stages
    return stage.init(jax.random.key(0), batch(), None), jax.jit(stage.step_functions[STEP])


def numbered(first, count):
    return jnp.arange(first, first + count, dtype=jnp.float32)[:, None, None, None]


def test_a_pool_takes_images_until_it_is_full_and_gives_them_back():
    pool = empty_pool((1, 1, 1))
    for first in range(0, SIZE, 10):
        pool, given = exchange(jax.random.key(first), pool, numbered(first, 10))
        np.testing.assert_array_equal(given, numbered(first, 10))
    assert int(pool["count"]) == SIZE
    np.testing.assert_array_equal(pool["images"], numbered(0, SIZE))


def test_a_full_pool_exchanges_half_of_what_it_is_shown():
    pool = {"images": numbered(0, SIZE), "count": jnp.int32(SIZE)}
    shown = numbered(1000, 4000)
    pool, given = jax.jit(exchange)(jax.random.key(0), pool, shown)
    given, shown = np.asarray(given).ravel(), np.asarray(shown).ravel()
    kept = given != shown
    assert kept.mean() == pytest.approx(0.5, abs=0.03)
    # What was given for another had been shown before, and once: none is lost or doubled.
    assert np.all(given[kept] < shown[kept])
    everything = np.concatenate([given, np.asarray(pool["images"]).ravel()])
    wanted = np.concatenate([shown, np.arange(SIZE)])
    np.testing.assert_array_equal(np.sort(everything), np.sort(wanted))


@pytest.mark.slow
def test_all_four_networks_move_and_the_pools_fill():
    task = built()
    before, step = started(task)
    after = before
    for seed in range(3):
        after, metrics = step(after, batch(seed))
    for name, networks in task.moved.items():
        assert name in after.opt_state
        for network in networks:
            pairs = zip(
                *(jax.tree.leaves_with_path(s.params[network]) for s in (before, after)),
                strict=True,
            )
            still = [path for (path, a), (_, b) in pairs if not jnp.any(a != b)]
            assert still == [], (network, still)
    assert {name: int(pool["count"]) for name, pool in after.extras.items()} == {
        "target_pool": 6,
        "image_pool": 6,
    }
    assert {"loss", "discriminator_loss", "cycle"} <= set(metrics)


def test_what_the_terms_count():
    """Of an undecided world: generators that are replaced by plain functions."""
    task = built(cycle=10.0, supervised=7.0, identity=3.0)
    to_y = lambda x: 0.5 * x  # noqa: E731
    to_x = lambda y: y[..., ::-1]  # noqa: E731
    plain = {GENERATOR: to_y, INVERSE: to_x}
    task._generate = lambda params, name, key, x: plain[name](x)
    task._judge = lambda params, name, x: jnp.zeros((1, 2, 2))
    x, y = (np.asarray(2 * value - 1) for value in batch().values())
    value, metrics = task._translated({}, None, x, y)
    made, back = 0.5 * x, y[..., ::-1]
    cycle = np.abs(made[..., ::-1] - x).mean() + np.abs(0.5 * back - y).mean()
    error = ((made - y) ** 2).mean() + ((back - x) ** 2).mean()
    kept = np.abs(0.5 * y - y).mean() + np.abs(x[..., ::-1] - x).mean()
    # The paper's (0 - 1)² of both.
    assert value == pytest.approx(2 * 1.0 + 10 * cycle + 7 * error + 3 * kept, rel=1e-5)
    assert metrics["cycle"] == pytest.approx(cycle / 2, rel=1e-5)
    value, _ = task._told_apart({}, (y, x), (made, back))
    assert value == pytest.approx(2 * 0.5)


@pytest.mark.slow
def test_images_come_back_better_after_training():
    task = built(adversarial=0.0)
    state, step = started(task)
    values = []
    for seed in range(40):
        state, metrics = step(state, batch(seed))
        values.append(float(metrics["cycle"]))
    assert np.mean(values[-5:]) < 0.8 * np.mean(values[:5])


def test_pictures_of_any_size_are_translated():
    task = built()
    state, _ = started(task)
    x = jax.random.uniform(jax.random.key(2), (1, 21, 35, 3))
    y = task.apply(task.variables(state), {"image": x})["image"]
    assert y.shape == (1, 21, 35, 3)
    assert 0 <= y.min() < y.max() <= 1


@pytest.mark.slow
def test_a_run_killed_ten_times_ends_bit_for_bit_as_one_that_was_not(tmp_path, monkeypatch):
    """With the pools full and exchanging, which are part of the state."""
    config = cycle_gan.get_config("tiny")
    config.train.update({"steps": 60, "log_every": 20, "validate_every": 60})
    config.train.checkpoint_every = 25
    config.evaluation = ()
    whole = fit(config, tmp_path / "whole")
    assert int(whole.state.extras["image_pool"]["count"]) == SIZE
    lengths = np.random.default_rng(0).integers(1, 8, 10)
    for length in lengths:
        with monkeypatch.context() as patch:
            stop_after(patch, int(length))
            with pytest.raises(Stopped):
                fit(config, tmp_path / "parts")
    parts = fit(config, tmp_path / "parts")
    assert_equal_states(whole.state, parts.state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.task.update({"cycle": -1.0}), "task.cycle=-1.0: wanted at least 0"),
        (
            lambda c: setattr(c.model, "generator", {"name": "patch_discriminator"}),
            "model.generator: wanted a Translator, got PatchDiscriminator",
        ),
        (
            lambda c: setattr(c.model, "inverse_generator", {"name": "stgan_generator"}),
            "model.inverse_generator: wanted a Translator of one image, got STGANGenerator of 3 da",
        ),
        (lambda c: c.train.update({"accumulate": 2}), "train.accumulate=2"),
        (lambda c: delattr(c.model, "discriminator"), "model: wanted the sections generator"),
        (lambda c: delattr(c.optimizer, "generators"), "optimizer: wanted the sections gener"),
    ],
)
def test_configs_that_do_not_fit(change, message):
    config = cycle_gan.get_config("tiny").unlock()
    change(config)
    with pytest.raises(ValueError, match=message):
        CycleTranslation.from_config(config.to_dict(), TrainSettings(**config.train))
