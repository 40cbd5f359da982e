"""Learning without clean images: what a batch becomes, and who is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from configs.restoration import noise2void
from imaging_jax.models.restoration import DnCNN, DRUNet
from imaging_jax.operators import correlated_noise
from train.run.training import fit
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system
from train.tasks import Noise2Noise, Noise2Void, Noisier2Noise

OPTIMIZER = {"name": "adam", "schedule": {"name": "constant", "peak": 1e-3}}
CLEAN = {"image": np.full((4, 64, 64, 3), 0.5, np.float32)}
KEY = jax.random.key(0)


def made(kind, network=None, **values):
    network = network or DnCNN(depth=2, features=4, batch_norm=False)
    return kind(network, OPTIMIZER, 10, **{"colour": "y", **values})


def test_noise2noise_predicts_one_draw_from_another():
    ((first,), second) = made(Noise2Noise, sigma=25.0, clean_images=True).pair(KEY, CLEAN)
    for noisy in (first, second):
        assert 255 * np.std(noisy - 0.5) == pytest.approx(25, rel=0.02)
    correlation = np.corrcoef(np.ravel(first), np.ravel(second))[0, 1]
    assert abs(correlation) < 0.03


def test_noise2noise_takes_pairs_either_way():
    task = made(Noise2Noise, colour="rgb")
    assert set(task.learns) == {"image", "target"}
    batch = {"image": np.zeros((64, 8, 8, 3), np.float32), "target": np.ones((64, 8, 8, 3), "f")}
    ((given,), target) = task.pair(KEY, batch)
    np.testing.assert_allclose(given + target, 1, atol=1e-6)
    assert 0.3 < np.mean(given) < 0.7


def test_noise2void_hides_pixels_of_the_target():
    task = made(Noise2Void, sigma=25.0, clean_images=True)
    ((hidden,), (noisy, mask)) = task.pair(KEY, CLEAN)
    changed = np.asarray(hidden != noisy)
    assert not changed[np.asarray(mask) == 0].any()
    assert mask.sum() == 4 * 64
    # A network that gives the noisy image back pays for the noise that it can't know.
    assert 255 * np.sqrt(task.loss(hidden, (noisy, mask))) == pytest.approx(2**0.5 * 25, rel=0.1)


def test_noisier2noise_adds_noise_of_the_same_law():
    task = made(Noisier2Noise, sigma=20.0, correlation=1.0, clean_images=True, alpha=0.5)
    ((noisier,), noisy) = task.pair(KEY, CLEAN)
    added = np.asarray(noisier - noisy)
    assert 255 * added.std() == pytest.approx(10, rel=0.03)
    assert np.mean(added[:, 1:] * added[:, :-1]) / added.var() == pytest.approx(
        np.exp(-1 / 4), abs=0.03
    )


def test_noisier2noise_gives_the_image_back_where_nothing_is_learnt_but_the_mean():
    # A network that gives its input back predicts z for y, of which the estimate is z again.
    task = made(Noisier2Noise, sigma=20.0, alpha=1.0, draws=64)
    variables = task.network.init(KEY, CLEAN["image"][..., :1])
    zeros = {"network": jax.tree.map(jnp.zeros_like, variables)}
    found = task.apply(zeros, {"image": CLEAN["image"]}, sigma=20)["image"]
    assert 255 * np.std(found - 0.5) == pytest.approx(20 / 8, rel=0.1)


def test_correlated_noise_keeps_its_level_and_knows_its_neighbours():
    x = np.zeros((1, 128, 96, 1), np.float32)
    noise = np.asarray(correlated_noise(KEY, x, 0.1, 1.5))
    assert noise.std() == pytest.approx(0.1, rel=0.05)
    neighbours = np.mean(noise * np.roll(noise, 1, axis=1)) / noise.var()
    # A Gaussian filter's autocorrelation is a Gaussian of twice the variance.
    assert neighbours == pytest.approx(np.exp(-1 / (4 * 1.5**2)), abs=0.02)


def test_the_protocol_filters_alike():
    image = np.zeros((1, 64, 64, 1))
    noisy, _ = PROTOCOLS["correlated_noise"].degrade(image, 25, [3])
    assert 255 * noisy.std() == pytest.approx(25, rel=0.1)
    neighbours = np.mean(noisy * np.roll(noisy, 1, axis=2)) / noisy.var()
    assert neighbours == pytest.approx(np.exp(-1 / 4), abs=0.06)


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (Noise2Void, {"clean_images": True}, "task.sigma=0: wanted the level"),
        (Noise2Void, {"sigma": -1.0}, "task.sigma=-1.0"),
        (Noisier2Noise, {"sigma": 0.0}, "must be known"),
        (Noisier2Noise, {"sigma": 25.0, "alpha": 0.0}, "task.alpha=0.0"),
        (Noise2Noise, {"network": DRUNet()}, "DRUNet takes image, sigma"),
    ],
)
def test_what_cannot_be_learnt_is_refused(kind, values, message):
    with pytest.raises(ValueError, match=message):
        made(kind, **values)


def test_one_noisy_picture_is_enough(tmp_path):
    generator = np.random.default_rng(0)
    rows = np.add.outer(np.arange(64), np.arange(80)) / 150
    noisy = np.clip(rows + generator.normal(0, 0.1, rows.shape), 0, 1)
    picture = tmp_path / "noisy.png"
    Image.fromarray(np.uint8(255 * noisy)).save(picture)
    config = noise2void.get_config("tiny")
    config.data.images = str(picture)
    del config.validation["images"]
    config.evaluation = ({"protocol": "blind_spots"},)
    config.train.update({"steps": 600, "validate_every": 300, "checkpoint_every": 300})
    config.train.log_every = 300
    config.optimizer.schedule.update({"peak": 3e-3, "warmup": 0})
    found = fit(config, tmp_path / "run").table
    identity, ours = (row["blind_error"] for row in found)
    # Neighbours differ by the noise of two pixels; the mean of many by little more than one's.
    assert identity == pytest.approx(255 * 0.1 * 2**0.5, rel=0.15)
    assert ours < 0.85 * identity
    cleaned = system(str(tmp_path / "run")).apply({"image": noisy[None, ..., None]}, scale=1)
    assert np.std(np.asarray(cleaned["image"])[0, ..., 0] - rows) < 0.08
