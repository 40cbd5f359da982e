"""The level of noise that a denoiser is told: a number, a table, or an estimate of each picture."""

import numpy as np
import pytest
from PIL import Image

from train.data.images import Picture
from train.systems.enlarging import Enlarger, enlarge_files
from train.systems.noise_level import estimated_level, level_of, say_beyond
from train.systems.system import Origin, System


def telling(told, served=()):
    """A denoiser that gives its pictures back and notes what it was told."""

    def apply(inputs, sigma):
        told.append(sigma)
        return {"image": np.asarray(inputs["image"])}

    training = {"config": {"task": {"sigma": (0, 50)}}}
    origin = Origin("trained here", training=training)
    return System("noting", "noting_weights", apply, origin, options={"sigma": served})


def noisy(sigma, shape=(96, 128, 3), white=255):
    ramp = np.linspace(0.3, 0.7, shape[1])[None, :, None]
    noise = np.random.default_rng(0).standard_normal(shape) * sigma / 255
    dtype = np.uint8 if white == 255 else np.uint16
    return np.round(np.clip(ramp + noise, 0, 1) * white).astype(dtype)


@pytest.mark.parametrize("sigma", [5, 12, 25, 40])
@pytest.mark.parametrize(("bands", "white"), [(1, 255), (3, 255), (3, 65535)])
def test_estimates_are_near_the_level_that_was_added(sigma, bands, white):
    picture = Picture.of(noisy(sigma, (96, 128, bands), white))
    assert estimated_level(picture) == pytest.approx(sigma, rel=0.1)


@pytest.mark.parametrize("side", [2, 40, 63])
def test_small_pictures_have_an_estimate(side):
    level = estimated_level(Picture.of(noisy(20, (side, side + 9, 1))))
    assert level == pytest.approx(20, rel=0.15 if side > 2 else 0.9)


def test_alpha_is_no_noise():
    pixels = np.concatenate([noisy(20), np.full((96, 128, 1), 255, np.uint8)], axis=-1)
    opaque = Picture.of(pixels)
    assert opaque.alpha
    assert estimated_level(opaque) == pytest.approx(20, rel=0.1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("0", "--sigma=0: wanted a level of noise, of 255, above 0"),
        ("-3", "--sigma=-3: wanted a level"),
        ("nan", "--sigma=nan: wanted a level"),
        ("loud", "--sigma=loud: wanted a level"),
        ("none.csv", "--sigma=none.csv: there is no such table"),
    ],
)
def test_other_words_are_refused(words, message):
    with pytest.raises(ValueError, match=message):
        level_of(words)


def test_any_positive_number_is_a_level():
    assert level_of("12.5") == 12.5


def test_a_table_has_a_level_for_each_picture(tmp_path):
    pairs = []
    for name in ("a", "b", "c"):
        Image.fromarray(noisy(10)).save(tmp_path / f"{name}.png")
        pairs.append((tmp_path / f"{name}.png", tmp_path / f"{name}_denoised.png"))
    table = tmp_path / "levels.csv"
    table.write_text("a.png,7.5\nb.png, 30\n")
    told = []
    enlarger = Enlarger(telling(told), {"sigma": 2}, 2e9)
    with pytest.raises(ValueError, match=r"1 of 3 not done: .*has no level of c\.png"):
        enlarge_files(enlarger, pairs, level=level_of(str(table)))
    assert told == [7.5, 30]
    table.write_text("a.png,none\n")
    with pytest.raises(ValueError, match=r"levels\.csv, line 1: 'none': wanted a level"):
        level_of(str(table))
    table.write_text("a.png\n")
    with pytest.raises(ValueError, match=r"line 1: wanted <picture>,<level>, got \['a\.png'\]"):
        level_of(str(table))


def test_each_picture_is_told_what_was_estimated_of_it(tmp_path, capsys):
    pairs = []
    for name, sigma in (("a", 10), ("b", 30)):
        Image.fromarray(noisy(sigma)).save(tmp_path / f"{name}.png")
        pairs.append((tmp_path / f"{name}.png", tmp_path / f"{name}_denoised.png"))
    told = []
    enlarge_files(Enlarger(telling(told), {"sigma": 2}, 2e9), pairs, level=level_of("auto"))
    assert told == [pytest.approx(10, rel=0.1), pytest.approx(30, rel=0.1)]
    shown = capsys.readouterr()
    assert f"b.png: sigma {told[1]:.3g}, estimated" in shown.out + shown.err


def test_a_level_beyond_those_trained_for_is_told(capsys):
    say_beyond(telling([]), 50)
    assert not capsys.readouterr().err
    say_beyond(telling([]), 60.0)
    shown = capsys.readouterr()
    assert "sigma 60: noting_weights was trained for 0 to 50" in shown.out + shown.err


def test_a_flat_picture_has_no_noise_to_estimate():
    with pytest.raises(ValueError, match="no noise was found"):
        estimated_level(Picture.of(np.full((32, 32, 3), 90, np.uint8)))
    with pytest.raises(ValueError, match="too small to estimate"):
        estimated_level(Picture.of(np.full((1, 32, 3), 90, np.uint8)))


def test_a_denoiser_of_one_level_refuses_another():
    enlarger = Enlarger(telling([], served=(25,)), {"sigma": 25}, 2e9)
    with pytest.raises(ValueError, match=r"sigma=20.5: noting_weights serves \(25,\)"):
        enlarger(Picture.of(noisy(20)), 20.5)
