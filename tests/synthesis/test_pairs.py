"""What is given of a scene: label maps, edges, clouds and radar."""

import jax
import numpy as np
import pytest
import skimage.data
import skimage.filters

from imaging_jax.synthesis import clouded, edge_map, label_map, radar_like
from imaging_jax.transforms import luminance

COFFEE = (skimage.data.coffee()[:64, :96] / 255).astype(np.float32)


def test_a_label_is_the_nearest_corner_of_the_cube():
    found = np.asarray(label_map(COFFEE))
    corners = np.array(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, -1).T
    distances = np.linalg.norm(COFFEE[..., None, :] - corners, axis=-1)
    np.testing.assert_array_equal(found, corners[distances.argmin(-1)])


def test_edges_stand_where_leaves_meet():
    disc = np.hypot(*np.mgrid[-20:20, -20:20]) < 11
    scene = np.where(disc[..., None], [0.9, 0.8, 0.2], [0.1, 0.2, 0.3]).astype(np.float32)
    edges = np.asarray(edge_map(scene))[..., 0] > 0
    near = skimage.filters.sobel(disc.astype(float)) > 0
    assert edges.any()
    assert not (edges & ~near).any()
    radius = np.hypot(*np.nonzero(edges) - np.full((2, 1), 20))
    assert np.all(np.abs(radius - 11) < 2)


def test_clouds_brighten_and_their_shadows_darken():
    scene = np.full((64, 96, 3), 0.4, np.float32)
    found = np.stack([clouded(key, scene) for key in jax.random.split(jax.random.key(0), 8)])
    assert found.min() >= 0.2 - 1e-6
    assert found.max() <= 1
    assert 0.2 < np.mean(found > 0.45) < 0.8
    assert np.mean(found < 0.38) > 0.02
    # No shadow begins at a straight line.
    for axis in (1, 2):
        steps = np.abs(np.diff(found, axis=axis)).mean(axis=(0, 3 - axis, 3))
        assert steps.max() < 2.5 * np.median(steps)


def test_speckle_has_the_variance_of_its_looks():
    scene = np.full((256, 256, 3), 0.2, np.float32)
    intensity = np.asarray(radar_like(jax.random.key(0), scene)) ** 2
    mean = float(luminance(scene)[0, 0, 0]) ** 2
    assert intensity.mean() == pytest.approx(mean, rel=0.02)
    assert intensity.var() == pytest.approx(mean**2 / 4, rel=0.05)


@pytest.mark.parametrize("make", [label_map, edge_map, lambda x: radar_like(jax.random.key(0), x)])
def test_grey_scenes_are_refused(make):
    with pytest.raises(ValueError, match=r"x: expected \(..., H, W, 3\), got \(8, 8, 1\)"):
        make(np.zeros((8, 8, 1), np.float32))
