"""STGAN's training: pix2pix' step where several dates are given, and what doesn't fit it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs.translation import stgan
from tests.train.tasks.test_translation import moved
from train.config.settings import TrainSettings
from train.data.data_set import Stacked
from train.data.data_sets import data_set
from train.data.dates import dated
from train.data.fields import picture
from train.run.experiment import build_experiment
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.state.stage import STEP
from train.systems.catalogue import system
from train.systems.system import Origin, System
from train.tasks import Translation
from train.tasks.translation import DISCRIMINATOR, GENERATOR

GENERATOR_OF_NUMBERS = np.random.default_rng(0)


@pytest.fixture(scope="module")
def trained():
    """The tiny config's task, the state it starts with, that after some steps, and its errors."""
    config = stgan.get_config("tiny")
    config.model.generator.levels = 2
    task = Translation.from_config(config.to_dict(), TrainSettings(**config.train))
    target = jnp.full((2, 16, 16, 3), 0.2)
    batch = {"frames": jax.random.uniform(jax.random.key(1), (2, 3, 16, 16, 3)), "target": target}
    (stage,) = task.stages
    step = jax.jit(stage.step_functions[STEP])
    before = state = jax.jit(lambda key: stage.init(key, batch, None))(jax.random.key(0))
    found = []
    for _ in range(100):
        state, metrics = step(state, batch)
        found.append(float(metrics["l1"]))
    return task, before, state, found


def test_both_networks_move_and_l1_falls(trained):
    _, before, after, found = trained
    assert moved(before, after) == {GENERATOR, DISCRIMINATOR}
    assert found[-1] < 0.85 * found[0]


def test_the_discriminator_sees_every_date(trained):
    task, state, *_ = trained
    frames, target = (
        jnp.asarray(GENERATOR_OF_NUMBERS.uniform(-1, 1, shape), jnp.float32)
        for shape in ((1, 3, 16, 16, 3), (1, 16, 16, 3))
    )
    seen = task._seen(frames, target)
    wanted = np.concatenate([*(frames[:, date] for date in range(3)), target], axis=-1)
    np.testing.assert_array_equal(seen, wanted)
    assert state.params[DISCRIMINATOR]["conv1"]["kernel"].shape[2] == 12


def test_stacks_of_any_size_are_translated(trained):
    task, _, state, _ = trained
    x = jax.random.uniform(jax.random.key(2), (2, 3, 21, 30, 3))
    variables = task.variables(state)
    y = task.apply(variables, {"frames": x})["image"]
    assert y.shape == (2, 21, 30, 3)
    margins = [(0, 0), (0, 0), (0, 3), (0, 2), (0, 0)]
    whole = task.apply(variables, {"frames": jnp.pad(x, margins, "edge")})["image"]
    np.testing.assert_allclose(y, whole[:, :21, :30], atol=1e-6)
    assert jnp.abs(y - task.apply(variables, {"frames": x[:, ::-1]})["image"]).max() > 1e-5


def test_the_median_is_numpys_and_is_compared_with_the_target():
    frames, target = (
        GENERATOR_OF_NUMBERS.uniform(size=shape).astype(np.float32)
        for shape in ((2, 3, 12, 16, 3), (2, 12, 16, 3))
    )
    fields = {"frames": dated(picture(3), 3), "target": picture(3)}
    dataset = Stacked("stacks", fields, {"frames": frames, "target": target})
    median = np.sort(frames, axis=1)[:, 1]
    opened = system("temporal_median")
    np.testing.assert_array_equal(opened.apply({"frames": frames})["image"], median)
    found = evaluate(opened, dataset, PROTOCOLS["dates"], 1, batch_size=2)
    wanted = -10 * np.log10(np.mean((np.float64(median) - target) ** 2, axis=(1, 2, 3)))
    assert [row["psnr"] for row in found.per_item] == pytest.approx(wanted)
    shown = PROTOCOLS["dates"].show(opened, dataset, 1, 1)
    assert shown.pictures.keys() == {"0"}


def test_a_system_of_another_number_of_dates_is_refused():
    two = System(
        "two",
        "none",
        lambda inputs, scale: {"image": inputs["frames"][:, 0]},
        Origin("fitted"),
        takes={"frames": dated(picture(3), 2)},
        options={"scale": (1,)},
    )
    dataset = data_set("made_dates:clouds:3:dead_leaves/0")
    with pytest.raises(ValueError, match=r"frames is frames of \(3, .*two \(none\) wants .*\(2, "):
        evaluate(two, dataset, PROTOCOLS["dates"], 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.data.update({"dates": 2}), r"model\.generator\.dates=3: the data have 2"),
        (lambda c: c.data.update({"dates": 0}), r"data has image, target; the task wants frames"),
        (
            lambda c: c.validation.update({"images": "made_dates:clouds:2:dead_leaves/0"}),
            r"validation\.made_dates:clouds:2:dead_leaves/0: frames is frames of \(2, ",
        ),
        (
            lambda c: c.validation.update({"protocol": "paired"}),
            "takes frames; the protocol paired wants one that takes image",
        ),
        (
            lambda c: setattr(c.model, "generator", {"name": "unet_generator", "levels": 4}),
            "takes image; the protocol dates wants one that takes frames",
        ),
    ],
)
def test_numbers_of_dates_that_do_not_fit(change, message):
    config = stgan.get_config("tiny").unlock()
    change(config)
    with pytest.raises(ValueError, match=message):
        build_experiment(config.to_dict())
