"""Random changes of whole images, against numpy, scipy and Pillow."""

import jax
import numpy as np
import pytest
import scipy.ndimage
from PIL import Image, ImageEnhance

from train.data.augmentations import AUGMENTATIONS, make_augment
from train.data.whole_data import whole

KEY = jax.random.key(0)


def smooth_picture(height, width):
    noise = np.random.default_rng(0).random((height, width, 1))
    x = scipy.ndimage.gaussian_filter(noise, (2, 2, 0))
    return (0.05 + 0.9 * (x - x.min()) / np.ptp(x)).astype(np.float32)


def changed(x, count=1, **settings):
    section = {name: {"probability": 1.0, **values} for name, values in settings.items()}
    return np.asarray(make_augment(section, "data.augment")(KEY, np.stack([x] * count)))


def test_nothing_is_changed_where_nothing_is_asked_for():
    x = smooth_picture(12, 9)[None]
    np.testing.assert_array_equal(make_augment({}, "data.augment")(KEY, x), x)


@pytest.mark.parametrize(("name", "axis"), [("flip_rows", 0), ("flip_columns", 1)])
def test_flips(name, axis):
    x = smooth_picture(12, 9)
    np.testing.assert_array_equal(changed(x, **{name: {}})[0], np.flip(x, axis))


@pytest.mark.parametrize("turns", [-1, 1, 2])
def test_right_angles_turn_anticlockwise(turns):
    x = smooth_picture(15, 15)
    settings = {"degrees": (90.0 * turns, 90.0 * turns), "scale": (1.0, 1.0), "shift": 0.0}
    np.testing.assert_allclose(changed(x, turn=settings)[0], np.rot90(x, turns), atol=1e-5)


def test_free_rotation_is_that_of_scipy():
    x = smooth_picture(41, 41)
    settings = {"degrees": (30.0, 30.0), "scale": (1.0, 1.0), "shift": 0.0}
    found = changed(x, turn=settings)[0, 10:-10, 10:-10, 0]
    wanted = scipy.ndimage.rotate(x[..., 0], 30, reshape=False, mode="mirror")[10:-10, 10:-10]
    np.testing.assert_allclose(found, wanted, atol=5e-3)


def test_scale_enlarges_about_the_centre():
    x = smooth_picture(41, 41)
    settings = {"degrees": (0.0, 0.0), "scale": (1.25, 1.25), "shift": 0.0}
    wanted = scipy.ndimage.affine_transform(x[..., 0], np.eye(2) / 1.25, 20 - 20 / 1.25)
    np.testing.assert_allclose(changed(x, turn=settings)[0, ..., 0], wanted, atol=5e-3)


def test_shift_stays_within_its_part_of_the_side():
    x = np.zeros((41, 41, 1), np.float32)
    x[20, 20] = 1
    settings = {"degrees": (0.0, 0.0), "scale": (1.0, 1.0), "shift": 0.2}
    found = changed(x, count=200, turn=settings)[..., 0]
    rows = np.array([np.unravel_index(image.argmax(), image.shape)[0] for image in found]) - 20
    assert -9 <= rows.min() < -5
    assert 5 < rows.max() <= 9


def test_sharpness_is_pillows_and_blur_scipys():
    x = np.round(255 * smooth_picture(16, 20)) / 255
    picture = Image.fromarray(np.uint8(255 * x[..., 0] + 0.5))
    inside = (slice(1, -1), slice(1, -1))
    for factor in (0.0, 0.5, 2.0):
        found = changed(x, sharpen={"factor": (factor, factor)})[0, ..., 0][inside]
        wanted = np.asarray(ImageEnhance.Sharpness(picture).enhance(factor))[inside] / 255
        np.testing.assert_allclose(found, wanted, atol=2.5 / 255)
    found = changed(x, blur={"sigma": (0.8, 0.8)})[0, ..., 0]
    wanted = scipy.ndimage.gaussian_filter(x[..., 0], 0.8, mode="reflect", radius=1)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_gamma_is_a_power():
    x = smooth_picture(8, 8)
    np.testing.assert_allclose(changed(x, gamma={"exponent": (0.5, 0.5)})[0], np.sqrt(x), atol=1e-6)


def test_so_many_are_changed_as_the_probability_says_and_all_stay_in_range():
    grey = smooth_picture(12, 12)
    x = np.concatenate([grey, grey**2, 1 - grey], axis=-1)
    section = {name: {"probability": 0.25} for name in AUGMENTATIONS}
    for name in AUGMENTATIONS:
        augment = jax.jit(make_augment({name: section[name]}, "data.augment"))
        found = np.asarray(augment(KEY, np.stack([x] * 1000)))
        share = np.mean(np.abs(found - x).max(axis=(1, 2, 3)) > 1e-3)
        assert share == pytest.approx(0.25, abs=0.055)
    found = np.asarray(jax.jit(make_augment(section, "data.augment"))(KEY, np.stack([x] * 500)))
    assert found.min() >= 0
    assert found.max() <= 1
    # Each has its own draws.
    assert len(np.unique(found.reshape(500, -1), axis=0)) > 250


def test_batches_are_changed_by_their_key():
    data = whole("digits:16", batch_size=4, augment={"turn": {"probability": 1.0}})
    plain = whole("digits:16", batch_size=4)
    inputs = dict(plain.arrays)
    images = data.batch(KEY, inputs)["image"], plain.batch(KEY, inputs)["image"]
    assert np.abs(images[0] - images[1]).max() > 0.1
    np.testing.assert_array_equal(images[0], data.batch(KEY, inputs)["image"])


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"twist": {}}, "data.augment='twist' is unknown"),
        ({"turn": {}}, "data.augment.turn.probability is missing"),
        ({"blur": {"probability": 1.5}}, r"data.augment.blur.probability=1.5: wanted one in"),
        (
            {"blur": {"probability": 1.0, "sigma": (2.0, 1.0)}},
            r"data.augment.blur.sigma=\(2.0, 1.0\): wanted the least value first",
        ),
        (
            {"blur": {"probability": 1.0, "sigma": (0.0, 0.0)}},
            r"sigma=\(0.0, 0.0\): wanted above 0",
        ),
        ({"turn": {"probability": 1.0, "shift": -0.1}}, "turn.shift=-0.1: wanted at least 0"),
        ({"turn": {"probability": 1.0, "angle": 1}}, "data.augment.turn.angle is unknown"),
    ],
)
def test_bad_settings_are_named(section, message):
    with pytest.raises(ValueError, match=message):
        make_augment(section, "data.augment")
