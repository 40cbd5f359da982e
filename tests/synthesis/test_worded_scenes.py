"""Scenes with facts: what is drawn is what is told."""

import jax
import numpy as np
import pytest
from scipy import ndimage

from imaging_jax.synthesis import worded_scene


@pytest.fixture(scope="module")
def scenes():
    draw = jax.jit(jax.vmap(lambda key: worded_scene(key, 64)))
    return jax.device_get(draw(jax.random.split(jax.random.key(0), 200)))


def reddish(image):
    return (image[..., 0] - image[..., 1:].max(axis=-1)) > 0.35


def test_facts_are_drawn_uniformly(scenes):
    for name, values in (("ground", 3), ("kind", 4), ("place", 3)):
        assert np.bincount(getattr(scenes, name), minlength=values).min() > 0.6 * 200 / values
    assert np.bincount(scenes.count, minlength=5)[1:].min() > 30
    assert 0.4 < scenes.road.mean() < 0.6


def test_red_courts_are_as_many_as_told_and_where(scenes):
    courts = np.flatnonzero(scenes.kind == 3)
    assert len(courts) > 30
    for index in courts:
        inside = ndimage.binary_opening(reddish(scenes.image[index]))
        labels, count = ndimage.label(inside)
        assert count == scenes.count[index]
        columns = np.array(ndimage.center_of_mass(inside, labels, range(1, count + 1)))[:, 1]
        assert (columns // (64 / 3)).astype(int).tolist() == [scenes.place[index]] * count


def test_scenes_without_courts_have_nothing_red(scenes):
    others = scenes.image[scenes.kind != 3]
    assert max(reddish(image).mean() for image in others) < 0.01
    assert scenes.image.min() >= 0
    assert scenes.image.max() <= 1


def test_too_small_a_side_is_refused():
    with pytest.raises(ValueError, match="side must be at least 32, got 16"):
        worded_scene(jax.random.key(0), 16)
