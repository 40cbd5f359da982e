"""Generators scored, shown and told apart from a collapse."""

import jax
import numpy as np
import pytest
from PIL import Image

from train.data.labelled_images import labelled_images
from train.scoring.drawings import (
    arithmetic,
    classes,
    interpolations,
    neighbors,
    samples,
    truncations,
)
from train.scoring.evaluations import generation, reconstruction
from train.scoring.protocols.generation import GENERATION, real_deviation
from train.scoring.protocols.reconstruction import RECONSTRUCTION
from train.scoring.reviews.generation import collapse
from train.systems.generators import BATCH, GeneratorSystem, generator

JUDGE, PIXELS = GENERATION["judge"], GENERATION["pixels"]


@pytest.fixture
def data(imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))


def noise_system(**values):
    """Draws z itself, as an image of 4x4."""
    return GeneratorSystem("noise", "none", lambda z, labels: z.reshape(-1, 4, 4, 1), 16, **values)


# Fréchet distance, classes and confidence: printed for 10,000 samples, from another generator.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "fid", "modes", "kl", "confidence"),
    [("gaussian:87", 235.9, 9, 0.294, 0.789), ("gaussian:10", 319.0, 10, 0.271, 0.782)],
)
def test_published_scores_of_the_gaussian(name, fid, modes, kl, confidence, data):
    values = generation(name, "mnist:train", JUDGE, 10_000).values
    assert values["fid"] == pytest.approx(fid, abs=10)
    assert values["modes"] == modes
    assert values["kl"] == pytest.approx(kl, abs=0.03)
    assert values["confidence"] == pytest.approx(confidence, abs=0.02)


@pytest.mark.slow
def test_published_scores_of_a_gaussian_a_class(data):
    values = generation("gaussian_per_class", "mnist:train", JUDGE, 10_000).values
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
    protocol = RECONSTRUCTION["reconstruction_judge"]
    values = reconstruction(name, "mnist:test", protocol).values
    for figure, wanted in figures.items():
        places = len(str(wanted).partition(".")[2])
        assert values[figure] == pytest.approx(wanted, abs=0.5001 * 10**-places), figure


def test_pixels_of_equal_sets_are_no_distance_apart():
    real = generator("gaussian:3", "digits")
    drawn, labels = real.sample(jax.random.key(0), 2000)
    assert labels is None
    values = PIXELS.score(drawn, None, "digits")
    assert set(values) == {"fid", "pixel_deviation"}
    # What three components leave out of the variance is missing.
    assert values["fid"] > 1
    digits = labelled_images("digits")[0].astype(np.float32) / 255
    assert PIXELS.score(digits, None, "digits")["fid"] == pytest.approx(0, abs=1e-3)


def test_the_middle_of_larger_images_is_compared():
    drawn, _ = generator("gaussian:3", "digits").sample(jax.random.key(0), 500)
    framed = np.pad(drawn, [(0, 0), (2, 2), (2, 2), (0, 0)])
    assert PIXELS.score(framed, None, "digits") == PIXELS.score(drawn, None, "digits")
    PIXELS.check_shape("digits", framed.shape[1:])
    with pytest.raises(
        ValueError, match=r"digits has \(28, 28, 1\), too large for .*\(20, 20, 1\)"
    ):
        PIXELS.check_shape("digits", (20, 20, 1))
    with pytest.raises(ValueError, match="samples=1: the protocol pixels takes at least 2"):
        PIXELS.check("digits", 1)


def test_one_image_again_and_again_is_said_to_be_a_collapse():
    real = real_deviation(PIXELS, "digits")
    one = np.full((100, 28, 28, 1), 0.5, np.float32)
    (said,) = collapse(PIXELS.score(one, None, "digits"), real)
    assert said.startswith("collapse: pixels vary by 0.000 from image to image")
    assert not collapse({"pixel_deviation": real, "modes": 10.0}, real)
    scores = {"pixel_deviation": real, "modes": 1.0, "main_share": 0.99, "main_class": 4.0}
    assert collapse(scores, real) == ["collapse: 99% of the images are judged as 4"]


def test_samples_come_in_whole_batches_and_classes_in_turn():
    sizes = []

    def draw(z, labels):
        sizes.append(len(z))
        return z[:, :1, None, None] + labels[:, None, None, None]

    system = GeneratorSystem("s", "w", draw, 3, classes=4)
    images, labels = system.sample(jax.random.key(0), BATCH + 10)
    assert sizes == [BATCH, BATCH]
    assert images.shape == (BATCH + 10, 1, 1, 1)
    np.testing.assert_array_equal(labels[:6], [0, 1, 2, 3, 0, 1])
    again, _ = system.sample(jax.random.key(0), BATCH + 10)
    np.testing.assert_array_equal(images, again)
    # A few are drawn among random ones, so that the statistics of the batch stay the usual.
    few = system.draw_among_others(jax.numpy.zeros((2, 3)), np.array([3, 1], np.int32))
    assert sizes[-1] == BATCH
    np.testing.assert_array_equal(few.ravel(), [3, 1])
    many = system.draw_among_others(jax.numpy.zeros((BATCH, 3)), np.ones(BATCH, np.int32))
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
    pixels = labelled_images("digits")[0].astype(np.float32) / 255

    class Copies(GeneratorSystem):
        def sample(self, key, count):
            return pixels[:count], None

    _, copied = neighbors(Copies("copies", "", None, 1), jax.random.key(0), "digits")
    # A few of those copied are held back.
    assert copied < 0.1
    _, drawn = neighbors(generator("gaussian:100", "digits"), jax.random.key(0), "digits")
    assert drawn > 0.5


def test_arithmetic_keeps_the_class_of_its_base(data):
    # With latent vectors that are the images, sums of images: b - b leaves a.
    from train.data.labelled_images import mnist

    pixels = mnist("test")[0][:2000].astype(np.float32) / 255

    def draw(z, labels):
        return np.asarray(z).reshape(-1, 28, 28, 1)

    class Images(GeneratorSystem):
        def draw_among_others(self, z, labels):
            return draw(z, labels)

    system = Images("images", "test", draw, 784)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jax.random.normal", lambda key, shape: pixels[: shape[0]].reshape(shape))
        _, share = arithmetic(system, jax.random.key(0), JUDGE.judge, 50, group=3)
    assert share > 0.6


def test_the_command_line_draws(tmp_path):
    from tests.train.test_command_line import run

    shown = run("train.sample", "--system=gaussian:20", f"--output={tmp_path}", "--show=samples")
    assert str(tmp_path / "samples.png") in shown.stdout
    assert Image.open(tmp_path / "samples.png").size == (298, 298)
    failed = run("train.sample", "--system=gaussian:20", "--show=sample")
    assert failed.returncode == 2
    assert "--show='sample' is unknown; did you mean 'samples'" in failed.stderr
