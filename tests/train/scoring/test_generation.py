"""Generators scored, shown and told apart from a collapse."""

import jax
import numpy as np
import pytest
from PIL import Image

from train.data.data_sets import data_set
from train.data.fields import Field
from train.scoring.drawings import (
    arithmetic,
    classes,
    draw,
    draw_among_others,
    interpolations,
    neighbors,
    samples,
    truncations,
)
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.scoring.protocols.generation import BATCH
from train.systems.catalogue import system as open_system
from train.systems.system import Origin, System, latent

JUDGE, PIXELS = PROTOCOLS["judge"], PROTOCOLS["pixels"]
DIGITS = data_set("digits")


@pytest.fixture
def data(imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))


def drawing(draws, numbers, classes=0, name="noise"):
    """A system of a function (z, labels) -> images."""
    takes = {"latent": latent(numbers)}
    if classes:
        takes["label"] = Field((), "int32", "label", (0, classes))

    def apply(inputs):
        return {"image": draws(inputs["latent"], inputs.get("label"))}

    return System(name, "none", apply, Origin("fitted"), takes)


def noise_system():
    """Draws z itself, as an image of 4x4."""
    return drawing(lambda z, labels: z.reshape(-1, 4, 4, 1), 16)


def images_of(dataset):
    return dataset.arrays["image"].astype(np.float32) / 255


# Fréchet distance, classes and confidence: printed for 10,000 samples, from another generator.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "fid", "modes", "kl", "confidence"),
    [
        ("gaussian:87:mnist:train", 235.9, 9, 0.294, 0.789),
        ("gaussian:10:mnist:train", 319.0, 10, 0.271, 0.782),
    ],
)
def test_published_scores_of_the_gaussian(name, fid, modes, kl, confidence, data):
    values = evaluate(open_system(name), data_set("mnist:train"), JUDGE, 10_000).values
    assert values["fid"] == pytest.approx(fid, abs=10)
    assert values["modes"] == modes
    assert values["kl"] == pytest.approx(kl, abs=0.03)
    assert values["confidence"] == pytest.approx(confidence, abs=0.02)


@pytest.mark.slow
def test_published_scores_of_a_gaussian_a_class(data):
    system = open_system("gaussian_per_class:mnist:train")
    values = evaluate(system, data_set("mnist:train"), JUDGE, 10_000).values
    assert values["fid"] == pytest.approx(87.7, abs=5)
    assert values["class_accuracy"] > 0.95


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("pca:30:mnist:train", {"squared_error": 13.866}),
        ("pca:32:mnist:train", {"psnr": 17.74}),
        (
            "vae_mnist_csinva",
            {"bce": 69.165, "kl_nats": 25.755, "psnr": 20.62, "judged_right": 0.9662},
        ),
    ],
)
def test_published_reconstructions(name, figures, data):
    protocol = PROTOCOLS["reconstruction_judge"]
    values = evaluate(open_system(name), data_set("mnist:test"), protocol).values
    for figure, wanted in figures.items():
        places = len(str(wanted).partition(".")[2])
        assert values[figure] == pytest.approx(wanted, abs=0.5001 * 10**-places), figure


def test_pixels_of_equal_sets_are_no_distance_apart():
    values = evaluate(open_system("gaussian:3:digits"), DIGITS, PIXELS, 2000).values
    assert set(values) == {"fid", "pixel_deviation"}
    # What three components leave out of the variance is missing.
    assert values["fid"] > 1
    assert PIXELS.compare(images_of(DIGITS), None, DIGITS)["fid"] == pytest.approx(0, abs=1e-3)


def test_the_middle_of_larger_images_is_compared():
    gaussian = open_system("gaussian:3:digits")
    drawn = draw(gaussian, jax.random.key(0), 500)
    framed = np.pad(drawn, [(0, 0), (2, 2), (2, 2), (0, 0)])
    assert PIXELS.compare(framed, None, DIGITS) == PIXELS.compare(drawn, None, DIGITS)
    with pytest.raises(
        ValueError, match=r"digits:32 has \(32, 32, 1\), too large for .*\(28, 28, 1\)"
    ):
        PIXELS.check(gaussian, data_set("digits:32"), 10)
    with pytest.raises(ValueError, match="samples=1: the protocol pixels takes at least 2"):
        PIXELS.check(gaussian, DIGITS, 1)


def test_one_image_again_and_again_is_said_to_be_a_collapse():
    real = PIXELS.compare(images_of(DIGITS), None, DIGITS)["pixel_deviation"]
    one = np.full((100, 28, 28, 1), 0.5, np.float32)
    (said,) = PIXELS.remarks(PIXELS.compare(one, None, DIGITS), DIGITS)
    assert said.startswith("collapse: pixels vary by 0.000 from image to image")
    assert not PIXELS.remarks({"pixel_deviation": real, "modes": 10.0}, DIGITS)
    scores = {"pixel_deviation": real, "modes": 1.0, "main_share": 0.99, "main_class": 4.0}
    said = ["collapse: 99% of the images are judged as 4"]
    assert PIXELS.remarks(scores, DIGITS) == said


def test_samples_come_in_whole_batches_and_classes_in_turn():
    sizes = []

    def draws(z, labels):
        sizes.append(len(z))
        return np.asarray(z[:, :1, None, None] + labels[:, None, None, None])

    system = drawing(draws, 3, classes=4)

    def found():
        batches = list(PIXELS.batches(system, DIGITS, BATCH + 10, 1))
        return [PIXELS.score(batch, system.apply(batch.inputs), BATCH + 10) for batch in batches]

    first, last = found()
    assert sizes == [BATCH, BATCH]
    assert (first["image"].shape, last["image"].shape) == ((BATCH, 1, 1, 1), (10, 1, 1, 1))
    np.testing.assert_array_equal(first["label"][:6], [0, 1, 2, 3, 0, 1])
    np.testing.assert_array_equal(found()[0]["image"], first["image"])
    # A few are drawn among random ones, so that the statistics of the batch stay the usual.
    few = draw_among_others(system, jax.numpy.zeros((2, 3)), np.array([3, 1], np.int32))
    assert sizes[-1] == BATCH
    np.testing.assert_array_equal(few.ravel(), [3, 1])
    many = draw_among_others(system, jax.numpy.zeros((BATCH, 3)), np.ones(BATCH, np.int32))
    assert sizes[-2:] == [BATCH, BATCH]
    np.testing.assert_array_equal(many.ravel(), np.ones(BATCH))


def test_pictures():
    key, system = jax.random.key(0), noise_system()
    side = 10 * 4 + 9 * 2
    assert samples(system, key).shape == (side, side, 1)
    walk = interpolations(system, key)
    assert walk.shape == (side, side, 1)
    tiles = np.stack(
        [walk[6 * r : 6 * r + 4, 6 * c : 6 * c + 4] for r in range(10) for c in range(10)]
    )
    lengths = np.linalg.norm(tiles.reshape(10, 10, 16), axis=-1)
    # Straight lines between random vectors would be 0.71 as long in the middle.
    middle = lengths[:, 4:6].mean() / lengths[:, [0, -1]].mean()
    assert middle == pytest.approx(1, abs=0.15)
    with pytest.raises(ValueError, match="none has no classes"):
        classes(system, key)
    with pytest.raises(ValueError, match="none has no styles"):
        truncations(system, key)


def test_copies_are_nearer_to_training_images_than_others_are():
    copies = drawing(lambda z, labels: images_of(DIGITS)[: len(z)], 1)
    _, copied = neighbors(copies, jax.random.key(0), "digits")
    # A few of those copied are held back.
    assert copied < 0.1
    _, drawn = neighbors(open_system("gaussian:100:digits"), jax.random.key(0), "digits")
    assert drawn > 0.5


def test_arithmetic_keeps_the_class_of_its_base(data):
    # With latent vectors that are the images, sums of images: b - b leaves a.
    pixels = images_of(data_set("mnist:test"))[:2000]
    system = drawing(lambda z, labels: np.asarray(z).reshape(-1, 28, 28, 1), 784)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jax.random.normal", lambda key, shape: pixels[: shape[0]].reshape(shape))
        _, share = arithmetic(system, jax.random.key(0), JUDGE.judge, 50, group=3)
    assert share > 0.6


@pytest.mark.slow
def test_the_command_line_draws(tmp_path):
    from tests.train.test_command_line import run

    shown = run(
        "train.sample", "--system=gaussian:20:digits", f"--output={tmp_path}", "--show=samples"
    )
    assert str(tmp_path / "samples.png") in shown.stdout
    assert Image.open(tmp_path / "samples.png").size == (298, 298)
    failed = run("train.sample", "--system=gaussian:20:digits", "--show=sample")
    assert failed.returncode == 2
    assert "--show='sample' is unknown; did you mean 'samples'" in failed.stderr
