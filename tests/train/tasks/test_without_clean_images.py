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


def test_noisier2noise_is_the_same_wherever_a_picture_stands_in_a_batch():
    task = made(Noisier2Noise, sigma=20.0)
    variables = {"network": task.network.init(KEY, CLEAN["image"][..., :1])}
    images = np.random.default_rng(0).random((2, 16, 16, 1), np.float32)
    both = task.apply(variables, {"image": images})["image"]
    alone = task.apply(variables, {"image": images[1:]})["image"]
    np.testing.assert_allclose(both[1], alone[0], atol=1e-5)


def test_noisy_pictures_go_by_no_level_though_it_is_known():
    assert made(Noisier2Noise, sigma=25.0).options == {"scale": (1,)}
    assert made(Noise2Void, sigma=25.0, clean_images=True).options == {"sigma": (25,)}
    assert made(Noise2Void, sigma=25.5, clean_images=True).options == {"scale": (1,)}


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
        (Noise2Void, {"box": 0}, "task.box=0"),
        (Noise2Void, {"replacement": "mean"}, "task.replacement='mean': wanted .* median"),
    ],
)
def test_what_cannot_be_learnt_is_refused(kind, values, message):
    with pytest.raises(ValueError, match=message):
        made(kind, **values)


def pictures(folder, names, white=255):
    folder.mkdir()
    for seed, name in enumerate(names):
        levels = np.random.default_rng(seed).integers(white // 4, white // 2, (40, 32))
        kind = np.uint8 if white == 255 else np.uint16
        Image.fromarray(levels.astype(kind)).save(folder / f"{name}.png")
    return str(folder)


def short(images, variant="tiny"):
    config = noise2void.get_config(variant)
    config.model.update({"depth": 3, "features": 4})
    config.data.update({"images": images, "batch_size": 8, "patch_size": 16})
    config.train.update({"steps": 2, "log_every": 1, "validate_every": 1, "checkpoint_every": 1})
    config.validation = {"protocol": "blind_spots"}
    config.evaluation = ({"protocol": "blind_spots"},)
    return config


def test_pairs_and_known_noise_are_learnt_from_as_the_docs_say(tmp_path):
    first, second = (pictures(tmp_path / name, "ab") for name in ("first", "second"))
    found = fit(short(f"pairs:{first}:{second}", "noise2noise"), tmp_path / "pairs").table
    assert found[-1]["images"] == f"pairs:{first}:{second}"
    config = short(first)
    config.task.name = "noisier2noise"
    config.task.sigma = 25
    assert fit(config, tmp_path / "known").table[-1]["blind_error"] > 0


def test_what_chooses_the_checkpoint_sees_the_white_that_is_told(tmp_path):
    config = short(pictures(tmp_path / "raw", "a", white=4095))
    config.data.levels = 4095.0
    identity = fit(config, tmp_path / "run").table[0]["blind_error"]
    # Levels uniform over a quarter of the range, and neighbours are independent.
    assert identity == pytest.approx(255 / 4 / 6**0.5, rel=0.15)


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
