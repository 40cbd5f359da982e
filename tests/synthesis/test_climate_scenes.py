"""Scenes for downscaling: ranges, the effect of terrain, and what a coarse field doesn't hold."""

import jax
import numpy as np
import pytest

from imaging_jax.operators import block_means, resize
from imaging_jax.synthesis import climate_scene

SCALE, COUNT = 4, 12


@pytest.fixture(scope="module")
def scenes():
    def drawn(quantity):
        keys = jax.random.split(jax.random.key(0), COUNT)
        draw = jax.jit(jax.vmap(lambda key: climate_scene(key, (48, 64), quantity)))
        return jax.tree.map(np.asarray, draw(keys))

    return {quantity: drawn(quantity) for quantity in ("temperature", "precipitation")}


def detail(field):
    """What a field holds beyond its enlarged block means."""
    return field - np.asarray(resize(block_means(field, SCALE), SCALE))


@pytest.mark.parametrize("quantity", ["temperature", "precipitation"])
def test_scenes_are_made_by_their_key(scenes, quantity):
    scene = scenes[quantity]
    assert scene.terrain.shape == scene.field.shape == (COUNT, 48, 64, 1)
    assert scene.terrain.min() >= 0
    assert scene.terrain.max() <= 1
    again = climate_scene(jax.random.split(jax.random.key(0), COUNT)[3], (48, 64), quantity)
    np.testing.assert_allclose(again.field, scene.field[3], rtol=1e-4, atol=1e-3)
    assert np.abs(scene.field[0] - scene.field[1]).max() > 1


def test_relief_has_profiles_whose_power_falls_with_the_square(scenes):
    rows = np.concatenate([s.terrain[..., 0].reshape(-1, 64) for s in scenes.values()])
    power = np.mean(np.abs(np.fft.rfft(rows - rows.mean(axis=1, keepdims=True))) ** 2, axis=0)
    k = np.arange(3, 17)
    assert np.polyfit(np.log(k), np.log(power[k]), 1)[0] == pytest.approx(-2, abs=0.3)


def test_temperature_falls_with_height_the_faster_the_colder(scenes):
    fitted, means = [], []
    for terrain, field in zip(*scenes["temperature"], strict=True):
        fitted.append(np.polyfit(3 * detail(terrain).ravel(), detail(field).ravel(), 1)[0])
        means.append(field.mean())
    # In K a km.
    assert -9.2 < min(fitted) < max(fitted) < -3.3
    assert np.corrcoef(means, fitted)[0, 1] > 0.8
    assert 180 < scenes["temperature"].field.min() < scenes["temperature"].field.max() < 320


def test_rain_is_skewed_with_dry_areas_and_falls_on_windward_slopes(scenes):
    rain, terrain = scenes["precipitation"].field, scenes["precipitation"].terrain
    assert rain.min() == 0
    assert 0.1 < np.mean(rain == 0) < 0.6
    wet = rain[rain > 0]
    assert np.mean(wet) > 1.5 * np.median(wet)
    # The wind blows from the west, towards higher columns.
    rise = (np.roll(terrain, -1, axis=2) - np.roll(terrain, 1, axis=2))[..., 0]
    slopes = (rise > 0.03, np.abs(rise) < 0.01, rise < -0.03)
    by_slope = [rain[..., 0][part].mean() for part in slopes]
    assert by_slope[0] > 1.3 * by_slope[1] > 1.3 * 1.3 * by_slope[2]


@pytest.mark.parametrize("quantity", ["temperature", "precipitation"])
def test_a_coarse_field_does_not_tell_its_detail(scenes, quantity):
    """The best linear enlargement by 5x5 coarse neighbours, fitted here, gains next to nothing."""
    field = scenes[quantity].field
    coarse = np.asarray(block_means(field, SCALE))[..., 0]
    windows = np.lib.stride_tricks.sliding_window_view(coarse, (5, 5), axis=(1, 2))
    windows = windows - windows[..., 2:3, 2:3]
    inputs = windows.reshape(-1, 25)
    blocks = detail(field)[:, 8:-8, 8:-8, 0]
    count, height, width = blocks.shape
    blocks = blocks.reshape(count, height // SCALE, SCALE, width // SCALE, SCALE)
    targets = blocks.swapaxes(2, 3).reshape(len(inputs), -1)
    half = len(inputs) // 2
    weights = np.linalg.lstsq(inputs[:half], targets[:half])[0]
    left = np.mean((targets[half:] - inputs[half:] @ weights) ** 2)
    assert left > 0.75 * np.mean(targets[half:] ** 2)


def test_terrain_tells_most_of_the_detail_of_temperature(scenes):
    for terrain, field in zip(*scenes["temperature"], strict=True):
        assert np.corrcoef(detail(terrain).ravel(), detail(field).ravel())[0, 1] < -0.9


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"quantity must be one of .*, got 'snow'"):
        climate_scene(jax.random.key(0), (8, 8), "snow")
    with pytest.raises(ValueError, match="shape must hold at least two pixels"):
        climate_scene(jax.random.key(0), (1, 1), "temperature")
