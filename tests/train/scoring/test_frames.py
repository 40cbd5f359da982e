"""Scores of images made of frames, and what stands beside them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.metrics import cpsnr
from imaging_jax.operators import resize
from train.data.data_set import Stacked
from train.data.data_sets import data_set
from train.data.frame_scenes import fields_of_frames
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system
from train.systems.system import Origin, System


def answering(image, scenes):
    fields = scenes.fields
    takes = {name: fields[name] for name in ("frames", "clear")}
    return System("given", "none", lambda _: {"image": image}, Origin("fitted"), takes,
                  {"image": fields["image"]})  # fmt: skip


def scenes(norms=None):
    generator = np.random.default_rng(0)
    arrays = {
        "frames": generator.random((2, 3, 8, 8, 1)).astype(np.float32),
        "clear": np.ones((2, 3, 8, 8, 1), np.float32),
        "image": generator.random((2, 24, 24, 1)).astype(np.float32),
        "image_clear": (generator.random((2, 24, 24, 1)) > 0.2).astype(np.float32),
    }
    fields = fields_of_frames(3, (8, 8), (24, 24), 1)
    return Stacked("scenes", fields, arrays, {"norms": norms} if norms else {})


def test_a_score_is_the_mean_of_the_metric_and_the_challenges_ratio():
    found = scenes([30.0, 40.0])
    estimate = np.clip(found.arrays["image"] * 0.9 + 0.02, 0, 1)
    values = evaluate(answering(estimate, found), found, PROTOCOLS["frames"], batch_size=2).values
    with jax.enable_x64(True):
        each = np.asarray(
            cpsnr(*(np.float64(x) for x in (found.arrays["image"], estimate)),
                  found.arrays["image_clear"])[0]
        )  # fmt: skip
    assert values["cpsnr"] == pytest.approx(each.mean(), rel=1e-6)
    assert values["proba_v_score"] == pytest.approx(np.mean([30 / each[0], 40 / each[1]]), rel=1e-6)
    assert "proba_v_score" not in evaluate(
        answering(estimate, scenes()), scenes(), PROTOCOLS["frames"], batch_size=2
    ).values  # fmt: skip


def test_an_image_of_another_size_is_refused():
    found = scenes()
    with pytest.raises(ValueError, match=r"wanted images \(1, 24, 24, 1\), the system gave"):
        evaluate(answering(np.ones((2, 16, 16, 1)), found), found, PROTOCOLS["frames"])


def test_the_clearest_frame_is_enlarged():
    inputs = {name: scenes().arrays[name].copy() for name in ("frames", "clear")}
    inputs["clear"][:, [0, 2], :3] = 0
    found = system("bicubic_frame:3").apply(inputs)["image"]
    expected = np.clip(resize(jnp.asarray(inputs["frames"][:, 1]), 3), 0, 1)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_mean_is_of_what_is_clear():
    image = np.random.default_rng(0).random((8, 8, 1)).astype(np.float32)
    frames = np.stack([image, image, np.ones_like(image)])[None]
    clear = np.ones((1, 3, 8, 8, 1), np.float32)
    clear[0, 2] = 0
    # A frame that shows nothing counts for nothing; where none is clear the clearest stands.
    clear[0, :2, 0, 0] = 0
    found = system("registered_mean:2").apply({"frames": frames, "clear": clear})["image"]
    expected = np.clip(resize(jnp.asarray(image), 2), 0, 1)
    np.testing.assert_allclose(found[0], expected, atol=1e-5)


@pytest.mark.parametrize("name", ["bicubic_frame:one", "registered_mean:1", "registered_mean:"])
def test_a_scale_that_enlarges_nothing_is_refused(name):
    with pytest.raises(ValueError, match=r"wanted .*:<scale above 1>"):
        system(name)


def test_more_frames_are_better_than_one_where_they_are_noisy():
    made = data_set("made_scenes:scikit_image")
    drawn = Stacked("one", made.fields, {name: made[2][name][None] for name in made.fields})
    noisy = drawn.arrays["frames"] + 0.05 * np.random.default_rng(0).standard_normal(
        drawn.arrays["frames"].shape
    ).astype(np.float32)
    noised = Stacked("noised", drawn.fields, {**drawn.arrays, "frames": noisy})
    one, many = (
        evaluate(system(name), noised, PROTOCOLS["frames"]).values["cpsnr"]
        for name in ("bicubic_frame:3", "registered_mean:3")
    )
    assert many > one + 0.5
