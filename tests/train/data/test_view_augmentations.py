"""Crops, colours and bands by which views of one image differ, against scikit-image and Pillow."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage.color
from PIL import Image, ImageEnhance

from train.data.augmentations import make_augment, make_augment_beside
from train.data.level_augmentations import turn_hue

KEY = jax.random.key(0)
STILL = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}


def changed(x, count=1, **settings):
    section = {name: {"probability": 1.0, **values} for name, values in settings.items()}
    augment = jax.jit(make_augment(section, "data.augment"))
    return np.asarray(augment(KEY, np.stack([x] * count)))


def random(*shape):
    return np.random.default_rng(0).random(shape, np.float32)


def ramps(height, width):
    """Two channels that say where in the image a pixel lies, from 0 to 1."""
    rows, columns = np.indices((height, width)) + 0.5
    return np.stack([rows / height, columns / width], axis=-1).astype(np.float32)


def sides(found):
    """Shares of height and width that crops of `ramps` show, and their first row and column."""
    height, width = found.shape[1:3]
    # In the middle, where cubic convolution of a ramp is exact.
    y, x = height // 2, width // 2
    down = (found[:, y, x, 0] - found[:, y - 1, x, 0]) * height
    right = (found[:, y, x, 1] - found[:, y, x - 1, 1]) * width
    top = found[:, y, x, 0] - down * (y + 0.5) / height
    left = found[:, y, x, 1] - right * (x + 0.5) / width
    return np.stack([down, right], axis=-1), np.stack([top, left], axis=-1)


def test_crops_have_the_areas_and_ratios_asked_for():
    found, corner = sides(changed(ramps(40, 60), count=1500, crop={}))
    area, aspect = found.prod(axis=-1), found[:, 1] / found[:, 0]
    assert area.min() == pytest.approx(0.08, abs=0.01)
    assert area.max() <= 1.001
    # Uniform between 0.08 and 1, but for the few whose longer side was cut off.
    assert area.mean() == pytest.approx(0.54, abs=0.03)
    assert aspect.min() == pytest.approx(3 / 4, abs=0.01)
    assert aspect.max() == pytest.approx(4 / 3, abs=0.01)
    assert np.log(aspect).mean() == pytest.approx(0, abs=0.02)
    assert corner.min() > -1e-3
    assert (corner + found).max() < 1 + 1e-3
    # Anywhere: as often before as behind the middle.
    np.testing.assert_allclose((corner + found / 2).mean(axis=0), 0.5, atol=0.02)


def test_a_crop_of_all_is_the_image():
    x = random(9, 12, 3)
    whole = {"area": (1.0, 1.0), "aspect": (1.0, 1.0)}
    np.testing.assert_allclose(changed(x, crop=whole)[0], x, atol=1e-5)


def test_maps_are_cropped_and_turned_with_their_image():
    image = ramps(16, 16)
    section = {"crop": {"probability": 1.0}, "quarter_turns": {"probability": 1.0}}
    items = {"image": jnp.stack([image] * 20), "mask": jnp.stack([np.round(16 * image)] * 20)}
    found = make_augment_beside(section, "data.augment")(KEY, items)
    assert np.abs(found["mask"] / 16 - found["image"]).max() < 0.1


def test_quarter_turns_are_numpys_and_all_drawn():
    x = random(6, 6, 2)
    found = changed(x, count=60, quarter_turns={})
    which = [next(k for k in (1, 2, 3) if np.array_equal(image, np.rot90(x, k))) for image in found]
    assert set(which) == {1, 2, 3}


@pytest.mark.parametrize("turns", [-0.2, 0.05, 0.5])
def test_hues_turn_as_those_of_scikit_image(turns):
    x = random(8, 9, 3)
    x[0, :3] = [[0.5, 0.5, 0.5], [1, 1, 0], [0, 0, 0]]
    hsv = skimage.color.rgb2hsv(x)
    hsv[..., 0] = (hsv[..., 0] + turns) % 1
    np.testing.assert_allclose(turn_hue(x, turns), skimage.color.hsv2rgb(hsv), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "enhance"),
    [
        ("brightness", ImageEnhance.Brightness),
        ("contrast", ImageEnhance.Contrast),
        ("saturation", ImageEnhance.Color),
    ],
)
def test_colours_change_as_pillows(name, enhance):
    levels = np.uint8(np.round(255 * random(16, 20, 3)))
    picture = Image.fromarray(levels)
    found = changed(np.float32(levels) / 255, count=40, color_jitter={**STILL, name: 0.8})
    factors = []
    for image in found:
        # The factor that was drawn is the one of those between 0.2 and 1.8 that fits.
        tried = np.linspace(0.2, 1.8, 161)
        errors = [
            np.abs(np.asarray(enhance(picture).enhance(f)) / 255 - image).mean() for f in tried
        ]
        factors.append(tried[np.argmin(errors)])
        assert np.min(errors) < 3 / 255
    assert min(factors) < 0.5
    assert max(factors) > 1.5


def test_nothing_jitters_at_a_strength_of_nothing():
    x = random(8, 9, 3)
    np.testing.assert_allclose(changed(x, color_jitter=STILL)[0], x, atol=1e-6)


def test_grey_is_pillows():
    levels = np.uint8(np.round(255 * random(16, 20, 3)))
    found = changed(np.float32(levels) / 255, grey={})[0]
    wanted = np.asarray(Image.fromarray(levels).convert("L")) / 255
    assert np.ptp(found, axis=-1).max() < 1e-6
    np.testing.assert_allclose(found[..., 0], wanted, atol=1 / 255)


def test_bands_have_their_own_gain_and_offset():
    x = 0.3 + 0.4 * random(8, 8, 5)
    found = changed(x, count=300, band_gain={"gain": (0.8, 1.2), "offset": (-0.05, 0.05)})
    gains, offsets = [], []
    for image in found:
        lines = [np.polyfit(x[..., b].ravel(), image[..., b].ravel(), 1) for b in range(5)]
        gains.append([line[0] for line in lines])
        offsets.append([line[1] for line in lines])
    for values, low, high in ((gains, 0.8, 1.2), (offsets, -0.05, 0.05)):
        assert low - 1e-4 < np.min(values) < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < np.max(values) < high + 1e-4
        correlations = np.corrcoef(np.transpose(values))[~np.eye(5, dtype=bool)]
        assert np.abs(correlations).max() < 0.25


def test_so_many_bands_are_dropped():
    x = 0.1 + 0.9 * random(4, 4, 5)
    found = changed(x, count=200, band_drop={"bands": 2})
    gone = np.all(found == 0, axis=(1, 2))
    assert gone.sum(axis=1).tolist() == [2] * 200
    assert gone.sum(axis=0).min() > 50
    kept = np.where(gone[:, None, None], x, found)
    np.testing.assert_array_equal(kept, np.broadcast_to(x, kept.shape))


def test_a_wider_blur():
    x = np.zeros((15, 15, 1), np.float32)
    x[7, 7] = 1
    found = changed(x, blur={"sigma": (1.5, 1.5), "side": 7})[0, ..., 0]
    profile = np.exp(-(np.arange(-3, 4) ** 2) / (2 * 1.5**2))
    profile /= profile.sum()
    np.testing.assert_allclose(found[4:11, 4:11], np.outer(profile, profile), atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "channels", "message"),
    [
        ({"crop": {"area": (0.5, 1.5)}}, 3, r"crop.area=\(0.5, 1.5\): wanted at most 1"),
        ({"crop": {"area": (0.0, 1.0)}}, 3, r"crop.area=\(0.0, 1.0\): wanted above 0"),
        ({"crop": {"aspect": (2.0, 1.0)}}, 3, "crop.aspect=.* wanted the least value first"),
        ({"color_jitter": {"hue": 0.6}}, 3, "color_jitter.hue=0.6: wanted at most 0.5"),
        ({"color_jitter": {"contrast": -1.0}}, 3, "color_jitter.contrast=-1.0: wanted at least 0"),
        ({"color_jitter": {}}, 13, "color_jitter: wanted images of three channels, got 13"),
        ({"grey": {}}, 1, "grey: wanted images of three channels, got 1"),
        ({"band_drop": {"bands": 0}}, 3, "band_drop.bands=0: wanted above 0"),
        ({"band_drop": {"bands": 3}}, 3, "band_drop.bands=3: wanted fewer than the 3 bands"),
        ({"band_gain": {"gain": (-0.5, 1.0)}}, 3, "band_gain.gain=.* wanted at least 0"),
        ({"blur": {"side": 4}}, 3, "blur.side=4: wanted an odd number"),
        ({"quarter_turns": {}}, 3, "quarter_turns: wanted square images, got 8x9"),
    ],
)
def test_bad_settings_and_images_are_named(settings, channels, message):
    with pytest.raises(ValueError, match=message):
        changed(random(8, 9, channels), **settings)
