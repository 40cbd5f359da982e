"""Protocols whose scores are of a whole set, or of items that are more than an image."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.special import softmax

from train.data.bursts import bursts, fields_of_bursts
from train.data.data_set import Stacked
from train.data.data_sets import data_set, labelled
from train.data.fields import Field
from train.scoring.conditions import CONDITIONS, condition_words
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system
from train.systems.system import Origin, System

GENERATOR = np.random.default_rng(0)
LABELS = GENERATOR.integers(0, 3, 2_500).astype(np.int32)
IMAGES = GENERATOR.integers(0, 256, (2_500, 2, 2, 1)).astype(np.uint8)
SET = labelled("noise", IMAGES, LABELS, ["a", "b", "c"])


def scoring(logits, classes=3):
    takes = {"image": Field((2, 2, 1), "float32", "image", (0.0, 1.0))}
    gives = {"scores": Field((classes,), "float32", "scores")}
    apply = lambda inputs: {"scores": logits(np.asarray(inputs["image"]))}  # noqa: E731
    return System("linear", "none", apply, Origin("fitted"), takes, gives)


def linear(images):
    return images.reshape(len(images), -1)[:, :3] * 5


def test_a_classifier_is_scored_over_the_whole_set():
    found = evaluate(scoring(linear), SET, PROTOCOLS["classification"]).values
    logits = linear(IMAGES / 255.0)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wanted = stats.entropy(np.eye(3)[LABELS], probabilities, axis=1).mean()
    assert found["accuracy"] == np.mean(logits.argmax(axis=1) == LABELS)
    assert found["cross_entropy"] == pytest.approx(wanted, rel=1e-5)


def test_the_five_most_probable_classes_and_the_calibration():
    generator = np.random.default_rng(3)
    logits = generator.normal(size=(200, 8)) * 2
    labels = generator.integers(0, 8, 200).astype(np.int32)
    images = np.arange(200, dtype=np.uint8)[:, None, None, None].repeat(2, 1).repeat(2, 2)
    noise = labelled("noise", images, labels, list("abcdefgh"))
    pick = lambda x: logits[np.rint(255 * x[:, 0, 0, 0]).astype(int)]  # noqa: E731
    found = evaluate(scoring(pick, 8), noise, PROTOCOLS["classification"]).values
    assert found["top_5_accuracy"] == top_k_accuracy(logits, labels, 5)
    probabilities = softmax(logits, axis=1)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    error = 0.0
    for low in range(15):
        inside = (confidence > low / 15) & (confidence <= (low + 1) / 15)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert found["calibration_error"] == pytest.approx(error, abs=1e-9)


def top_k_accuracy(logits, labels, k):
    """The share whose label is among the first of a whole sort."""
    pairs = zip(logits, labels, strict=True)
    return np.mean([label in np.argsort(-row)[:k] for row, label in pairs])


def test_a_label_that_no_class_has_is_refused():
    with pytest.raises(ValueError, match="noise: got the label 3, wanted 0 to 2 of 3 classes"):
        labelled("noise", IMAGES, np.full_like(LABELS, 3), list("abc"))


def test_the_confusion_matrix_is_drawn():
    shown = PROTOCOLS["classification"].show(scoring(linear), SET, None, 1)
    sheet = shown.pictures["confusion"]
    assert sheet.shape == (5 * 44, 5 * 44, 3)
    # Class a found as a: a darker square than white.
    assert sheet[44 + 4, 44 + 4].sum() < 3 * 255


def test_another_number_of_classes_is_refused():
    with pytest.raises(ValueError, match=r"noise: label is label of 3 classes, .* of 4 classes"):
        evaluate(scoring(linear, 4), SET, PROTOCOLS["classification"])


def test_classes_of_other_names_are_refused():
    learnt = dataclasses.replace(scoring(linear), assets={"classes": ["a", "c", "b"]})
    with pytest.raises(ValueError, match="noise has the classes a, b, c; none learnt a, c, b"):
        evaluate(learnt, SET, PROTOCOLS["classification"])


def test_the_mean_of_frames_has_the_noise_of_so_many():
    shape, sigma = (64, 1, 32, 32, 3), 0.1
    image = np.full((64, 32, 32, 3), 0.5, np.float32)
    noise = sigma * GENERATOR.normal(size=(64, 3, 32, 32, 3))
    mask = np.ones((64, 3), np.float32)
    mask[:32, 2] = 0
    frames = ((image[:, None] + noise) * mask[..., None, None, None]).astype(np.float32)
    assert frames.shape == (64, 3, *shape[2:])
    arrays = {"frames": frames, "mask": mask, "image": image}
    dataset = Stacked("calm", fields_of_bursts(32), arrays)
    found = evaluate(system("frame_average"), dataset, PROTOCOLS["bursts"], batch_size=2)
    for rows, count in ((found.per_item[:32], 2), (found.per_item[32:], 3)):
        wanted = -10 * np.log10(sigma**2 / count)
        assert np.mean([row["psnr"] for row in rows]) == pytest.approx(wanted, abs=0.05)


def test_a_set_of_bursts_is_no_other_sets():
    first, again, other = bursts(""), bursts(""), bursts("1")
    np.testing.assert_array_equal(first.arrays["frames"], again.arrays["frames"])
    assert not np.array_equal(first.arrays["image"], other.arrays["image"])
    assert (first.name, other.name, len(first)) == ("bursts", "bursts:1", 8)
    with pytest.raises(ValueError, match="bursts:many: wanted a number"):
        bursts("many")


def test_an_image_restorer_is_told_that_frames_were_wanted():
    with pytest.raises(ValueError, match="takes image; the protocol bursts wants one that takes f"):
        evaluate(system("bicubic"), bursts(""), PROTOCOLS["bursts"])


def test_a_nan_is_worse_than_any_number():
    from train.scoring.metrics import quality

    values = [quality("psnr", float("nan")), quality("psnr", 3.0), quality("psnr", 4.0)]
    assert values == sorted(values)
    assert quality("fid", 3.0) > quality("fid", 4.0) > quality("fid", float("nan"))


def test_a_metric_without_a_format_is_an_error():
    from train.scoring.metrics import words

    assert words({"ssim": 0.91234, "psnr": 30.126}) == "30.13 / 0.9123"
    with pytest.raises(ValueError, match="brightness: no metric of that name has a format"):
        words({"psnr": 30.0, "brightness": 1.0})


def test_jnp_arrays_are_taken_too():
    found = evaluate(
        scoring(lambda x: jnp.asarray(linear(x))), SET, PROTOCOLS["classification"]
    ).values
    assert 0 < found["accuracy"] < 1


@pytest.mark.parametrize(
    ("name", "dataset", "protocol", "value", "words"),
    [
        ("frame_average", "dead_leaves", "bursts", None, "dead_leaves has image; .* wants frames"),
        ("bicubic", "digits", "reconstruction", None, "must be told scale; .* tells nothing"),
        ("identity", "dead_leaves", "awgn", -3, "sigma=-3: wanted a whole number, at least 1"),
        ("identity", "digits", "classification", None, "wants one that gives scores"),
    ],
)
def test_what_does_not_fit_is_told_before_anything_is_computed(
    name, dataset, protocol, value, words
):
    with pytest.raises(ValueError, match=words):
        evaluate(system(name), data_set(dataset), PROTOCOLS[protocol], value)


def test_float_images_are_not_taken_for_levels():
    # Images in [0, 1] and the same as levels of 8 bits are one set.
    generator = np.random.default_rng(1)
    levels = generator.integers(0, 256, (3, 24, 24, 3)).astype(np.uint8)
    of_levels = Field((24, 24, 3), "uint8", "image", (0, 255))
    of_floats = Field((24, 24, 3), "float32", "image", (0.0, 1.0))
    found = [
        evaluate(
            system("bicubic"), Stacked("noise", {"image": field}, {"image": x}),
            PROTOCOLS["rgb_rounded_once"], 2,
        ).values["psnr"]
        for field, x in ((of_levels, levels), (of_floats, (levels / 255).astype(np.float32)))
    ]  # fmt: skip
    assert found[0] == pytest.approx(found[1], abs=1e-4)


def test_every_condition_is_written_by_one_dictionary():
    assert condition_words({"images": "x", "scale": 3}) == "x3"
    assert condition_words({"sigma": 25}) == "sigma 25"
    assert condition_words({"samples": 10}) == "10 samples"
    assert condition_words({"images": "x"}) == ""
    conditions = {protocol.condition for protocol in PROTOCOLS.values()} - {""}
    assert conditions <= CONDITIONS.keys()
