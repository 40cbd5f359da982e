"""The unit tests that catch most errors of two networks on one state."""

from functools import partial

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs.generative import conditional_gan, gan, stylegan2, wgan
from imaging_jax.models.generative import (
    ConvDiscriminator,
    Generator,
    MLPDiscriminator,
    MLPGenerator,
)
from tests.train.helpers import assert_equal_states
from train.run.experiment import build_experiment
from train.run.training import fit
from train.tasks import Adversarial, StyleAdversarial
from train.tasks.adversarial import DISCRIMINATOR, GENERATOR, NETWORKS

PIXELS = 6
BATCH = 16


def section(name="adam", rate=1e-3, **values):
    return {"name": name, **values, "schedule": {"name": "constant", "peak": rate}}


def task_of(generator=None, discriminator=None, optimizer=None, **values):
    return Adversarial(
        generator or MLPGenerator(latent=5, size=PIXELS, features=8),
        discriminator or MLPDiscriminator(size=PIXELS, features=8),
        dict.fromkeys(NETWORKS, optimizer or section()),
        100,
        **values,
    )


def batch_of(step=0, shape=(PIXELS, PIXELS, 1)):
    key = jax.random.fold_in(jax.random.key(7), step)
    image = jax.random.uniform(key, (BATCH, *shape))
    return {"image": image, "label": jnp.arange(BATCH, dtype=jnp.int32) % 3}


def start(task, batch=None):
    (stage,) = task.stages
    init = jax.jit(lambda key: stage.init(key, batch or batch_of(), None))
    return stage, init(jax.random.key(0))


def train(task, steps, batch=batch_of):
    stage, state = start(task, batch(0))
    compiled = {name: jax.jit(step) for name, step in stage.step_functions.items()}
    logs = []
    for step in range(steps):
        state, metrics = compiled[stage.choose(step)](state, batch(step))
        logs.append({name: float(value) for name, value in metrics.items()})
    return state, logs


def test_each_update_changes_its_own_network_alone():
    task = task_of()
    _, state = start(task)
    key = jax.random.key(1)
    judged = jax.jit(partial(task._discriminator_step, parts=()))
    after, _ = judged(state, key, batch_of())
    chex.assert_trees_all_equal(after.params[GENERATOR], state.params[GENERATOR])
    chex.assert_trees_all_equal(after.opt_state[GENERATOR], state.opt_state[GENERATOR])
    assert differ(after.params[DISCRIMINATOR], state.params[DISCRIMINATOR])
    drawn = jax.jit(partial(task._generator_step, count=BATCH, parts=()))
    last, _ = drawn(after, key)
    chex.assert_trees_all_equal(last.params[DISCRIMINATOR], after.params[DISCRIMINATOR])
    chex.assert_trees_all_equal(last.opt_state[DISCRIMINATOR], after.opt_state[DISCRIMINATOR])
    # Through the discriminator, every parameter of the generator has a gradient.
    moved = jax.tree.map(lambda a, b: bool(jnp.any(a != b)), last.params, after.params)
    assert all(jax.tree.leaves(moved[GENERATOR]))


def differ(a, b):
    return any(
        bool(jnp.any(x != y)) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    )


@pytest.mark.parametrize(
    ("loss", "value"),
    [("non_saturating", 2 * np.log(2)), ("hinge", 2.0), ("least_squares", 0.5), ("wasserstein", 0)],
)
def test_a_discriminator_that_says_nothing_has_the_loss_of_equilibrium(loss, value):
    task = task_of(loss=loss)
    _, state = start(task)
    last = jax.tree.map(jnp.zeros_like, state.params[DISCRIMINATOR]["dense3"])
    silent = {**state.params[DISCRIMINATOR], "dense3": last}
    state = state.replace(params={**state.params, DISCRIMINATOR: silent})
    _, metrics = task._discriminator_step(state, jax.random.key(1), batch_of(), parts=())
    assert float(metrics["loss"]) == pytest.approx(value, abs=1e-6)


def test_a_discriminator_that_learnt_loses_more_when_real_and_drawn_are_swapped():
    task = task_of(optimizer=section(rate=1e-2))
    _, logs = train(task, 100)
    real, fake = (jnp.array(logs[-1][name]) for name in ("real_logit", "fake_logit"))
    assert task.discriminator_loss(fake, real) > task.discriminator_loss(real, fake) + 1


def test_the_generator_moves_after_its_critic_steps_only():
    task = task_of(critic_steps=3)
    stage, state = start(task)
    compiled = {name: jax.jit(step) for name, step in stage.step_functions.items()}
    moved = []
    for step in range(6):
        before = state.params[GENERATOR]
        state, metrics = compiled[stage.choose(step)](state, batch_of(step))
        moved.append(differ(before, state.params[GENERATOR]))
        assert ("generator_loss" in metrics) == moved[-1]
    assert moved == [False, False, True] * 2
    assert int(state.step) == 6


def test_the_moving_average_is_its_formula():
    task = task_of(ema_decay=0.9)
    stage, state = start(task)
    wanted = state.params[GENERATOR]
    compiled = {name: jax.jit(step) for name, step in stage.step_functions.items()}
    for step in range(4):
        state, _ = compiled[stage.choose(step)](state, batch_of(step))
        wanted = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, wanted, state.params[GENERATOR])
    chex.assert_trees_all_close(state.ema_params[GENERATOR], wanted, rtol=1e-6, atol=1e-7)
    assert set(state.ema_params) == {GENERATOR}
    chex.assert_trees_all_equal(state.variables(GENERATOR)["params"], state.ema_params[GENERATOR])
    chex.assert_trees_all_equal(
        state.variables(DISCRIMINATOR)["params"], state.params[DISCRIMINATOR]
    )


def test_each_network_goes_through_its_own_schedule():
    schedule = {"name": "cosine", "peak": 1e-3}
    task = task_of(critic_steps=5, optimizer={"name": "adam", "schedule": schedule})
    _, logs = train(task, 100)
    # The generator's 19th of 20 updates, the discriminator's 100th of 100.
    assert logs[-1]["generator_learning_rate"] < 1e-5
    assert logs[-1]["learning_rate"] < 1e-5
    assert logs[4]["generator_learning_rate"] == pytest.approx(1e-3, rel=0.01)


def test_the_same_seed_gives_the_same_state():
    (one, logs), (other, again) = train(task_of(), 5), train(task_of(), 5)
    assert_equal_states(one, other)
    assert logs == again


def test_clipped_weights_stay_within_their_bound():
    task = task_of(loss="wasserstein", weight_bound=0.01, optimizer=section(rate=0.1))
    state, _ = train(task, 3)
    largest = max(float(jnp.abs(x).max()) for x in jax.tree.leaves(state.params[DISCRIMINATOR]))
    assert largest == pytest.approx(0.01)


def test_r1_comes_every_so_many_steps_times_their_number():
    batch, key = batch_of(), jax.random.key(1)
    lazy, plain = task_of(r1=8.0, r1_every=4), task_of()
    (stage,) = lazy.stages
    assert ["r1" in stage.choose(step) for step in range(8)] == [False, False, False, True] * 2
    _, state = start(lazy)
    _, with_penalty = lazy._discriminator_step(state, key, batch, parts=("r1",))
    _, without = plain._discriminator_step(state, key, batch, parts=())
    extra = with_penalty["loss"] - without["loss"]
    assert float(extra) == pytest.approx(4 * 8.0 / 2 * float(with_penalty["r1"]), rel=1e-4)


def test_real_and_drawn_images_have_statistics_of_their_own():
    discriminator = ConvDiscriminator(size=8, features=2)
    task = task_of(MLPGenerator(latent=5, size=8, features=8), discriminator)
    batch = batch_of(shape=(8, 8, 1))
    _, state = start(task, batch)
    key = jax.random.key(1)
    after, metrics = jax.jit(partial(task._discriminator_step, parts=()))(state, key, batch)
    # The logits of the real images are those of a batch of real images alone.
    variables = {
        "params": state.params[DISCRIMINATOR], **state.collections[DISCRIMINATOR],
    }  # fmt: skip
    real = 2 * batch["image"] - 1
    alone, _ = discriminator.apply(variables, real, train=True, mutable=["batch_stats"])
    assert float(metrics["real_logit"]) == pytest.approx(float(alone.mean()), abs=1e-5)
    assert differ(after.collections[DISCRIMINATOR], state.collections[DISCRIMINATOR])


def test_spectral_norms_follow_their_kernels():
    task = task_of(
        MLPGenerator(latent=5, size=8, features=8),
        ConvDiscriminator(size=8, features=2, normalization="spectral"),
        loss="hinge",
        optimizer=section(rate=1e-3),
    )
    state, _ = train(task, 100, partial(batch_of, shape=(8, 8, 1)))
    kernels = state.params[DISCRIMINATOR]
    stored = state.collections[DISCRIMINATOR]["batch_stats"]
    sigmas = {
        path[0].key: float(sigma)
        for path, sigma in jax.tree_util.tree_leaves_with_path(stored)
        if path[-1].key.endswith("sigma")
    }
    assert len(sigmas) == 4
    for sigma, name in zip(sigmas.values(), sorted(kernels), strict=True):
        kernel = np.asarray(kernels[name]["kernel"])
        exact = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]
        assert sigma == pytest.approx(exact, rel=0.05)


class Shifted(Generator):
    """Draws points of N((3, 0), I) whatever it learns."""

    latent: int = 2
    channels: int = 2
    size: int = 1

    @nn.compact
    def _draw(self, z, labels, train):
        nothing = self.param("nothing", nn.initializers.zeros, ())
        return (z + jnp.array([3.0, 0.0]) + 0 * nothing).reshape(-1, 1, 1, 2)


@pytest.mark.slow
def test_the_critic_estimates_the_wasserstein_distance():
    task = task_of(
        Shifted(),
        MLPDiscriminator(channels=2, size=1, features=64),
        loss="wasserstein",
        gradient_penalty=10.0,
        optimizer=section(rate=1e-3, b1=0.5, b2=0.9),
    )

    def points(step):
        key = jax.random.fold_in(jax.random.key(3), step)
        # The task maps [0, 1] to [-1, 1].
        return {"image": (jax.random.normal(key, (256, 1, 1, 2)) + 1) / 2}

    _, logs = train(task, 2000, points)
    # The best critic of slope s gains 3 s and is fined 10 (s - 1)²: s = 1.15, and 3.225 is left.
    estimate = -np.mean([log["loss"] for log in logs[-200:]])
    assert estimate == pytest.approx(3.0, rel=0.15)
    assert estimate == pytest.approx(3.225, rel=0.02)


def check_mean_style(task):
    """The mean style after one step is a part of the way to the mean of some styles."""
    stage, state = start(task, task.example({"batch_size": 8}))
    batch = {"image": jnp.zeros((8, *task.image_shape)), "label": jnp.zeros(8, jnp.int32)}
    (alone,) = stage.step_functions.values()
    after, metrics = jax.jit(alone)(state, batch)
    z = jax.random.normal(jax.random.key(5), (4000, task.latent))
    variables = {"params": state.params[GENERATOR]}
    mean = task.generator.apply(variables, z, method="mapping").mean(axis=0)
    found = after.extras["w_average"] / (1 - 0.995)
    # Of eight styles' mean, four thousand's tells the sign and size.
    assert np.corrcoef(found, mean)[0, 1] > 0.5
    assert "length_average" not in metrics
    assert float(after.extras["length_average"]) == 0
    parts = (GENERATOR, "path_length")
    longer, metrics = jax.jit(partial(task._step, parts=parts))(state, batch)
    assert float(metrics["length_average"]) == float(longer.extras["length_average"]) > 0


@pytest.mark.slow
def test_styles_mix_and_their_mean_is_tracked():
    config = stylegan2.get_config("tiny")
    with config.unlocked():
        config.task.r1 = 0.0
        config.task.path_length = 0.0
    task = build_experiment(config).task
    assert isinstance(task, StyleAdversarial)
    check_mean_style(task)
    params = jax.jit(task.generator.init)(jax.random.key(0), jnp.zeros((4, task.latent)))["params"]
    ws, _ = task._mixed(params, jax.random.key(1), 400)
    # Coarse styles of one latent vector, fine ones of another, cut anywhere between.
    changes = np.any(np.asarray(ws[:, 1:] != ws[:, :-1]), axis=-1)
    assert set(changes.sum(axis=1)) == {0, 1}
    assert changes.any(axis=1).mean() == pytest.approx(0.9, abs=0.05)
    assert set(np.argmax(changes[changes.any(axis=1)], axis=1)) == set(range(changes.shape[1]))


@pytest.mark.parametrize(
    ("config", "change", "message"),
    [
        (gan, lambda c: c.task.update({"critic_steps": 0}), r"task\.critic_steps=0: wanted at"),
        (gan, lambda c: c.task.update({"loss": "hingee"}), r"task\.loss='hingee'.*'hinge'"),
        (gan, lambda c: c.task.update({"r1": -1.0}), r"task\.r1=-1\.0: wanted at least 0"),
        (
            conditional_gan,
            lambda c: [x.update({"size": 30}) for x in (*c.model.values(), c.data)],
            r"size must be a multiple of 4",
        ),
        (gan, lambda c: c.model.generator.update({"size": 32}), r"image_shape \(32, 32, 1\)"),
        (
            conditional_gan,
            lambda c: c.model.discriminator.update({"classes": 0}),
            r"has classes 10, .* 0",
        ),
        (
            gan,
            lambda c: c.data.update({"size": 32}),
            r"data: image is image of \(32, 32, 1\), the task wants image of \(28, 28, 1\)",
        ),
        (gan, lambda c: c.train.update({"accumulate": 2}), r"train\.accumulate=2"),
        (
            gan,
            lambda c: c.optimizer.__delitem__("generator"),
            r"optimizer: wanted the sections generator",
        ),
        (
            gan,
            lambda c: c.validation.update({"protocol": "pixel"}),
            r"validation\.protocol='pixel'.*'pixels'",
        ),
        (
            conditional_gan,
            lambda c: [c.model[n].update({"classes": 9}) for n in NETWORKS],
            r"data: label is label of 10 classes, the task wants label of 9 classes",
        ),
        (
            conditional_gan,
            lambda c: setattr(
                c, "data", {"name": "dead_leaves", "batch_size": 8, "patch_size": 28}
            ),
            r"data: image is image of \(28, 28, 3\)",
        ),
        (gan, lambda c: c.task.update({"real_label": 0.0}), r"real_label must lie in"),
        (gan, lambda c: c.data.update({"batch_size": 0}), r"data\.batch_size=0: wanted at least 1"),
        (gan, lambda c: c.validation.update({"samples": 1}), r"validation\.samples=1"),
        (
            gan,
            lambda c: c.model.update({"generator": c.model.discriminator}),
            r"model\.generator: MLPDiscriminator draws nothing",
        ),
        (
            conditional_gan,
            lambda c: c.task.update({"gradient_penalty": 10.0}),
            r"ConvDiscriminator has batch norm, which task\.gradient_penalty",
        ),
        (
            stylegan2,
            lambda c: setattr(c, "task", {"name": "adversarial"}),
            r"StyleGAN2Generator is steered by styles; wanted task\.name=style_adversarial",
        ),
        (wgan, lambda c: c.task.update({"real_label": 0.9}), r"task\.loss='wasserstein' has no l"),
        (
            stylegan2,
            lambda c: c.task.update({"style_mixing": 2.0}),
            r"task\.style_mixing=2\.0: wanted in",
        ),
    ],
)
def test_a_config_that_does_not_fit_names_its_key(config, change, message, tmp_path):
    config = config.get_config("tiny")
    with config.unlocked():
        change(config)
    with pytest.raises(ValueError, match=message):
        fit(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_generator_of_ordinary_images_takes_no_styles():
    with pytest.raises(ValueError, match=r"MLPGenerator has no styles; wanted task\.name=adv"):
        StyleAdversarial(MLPGenerator(), MLPDiscriminator(), {}, 1)
