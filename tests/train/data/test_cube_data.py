"""Patches of cubes: all bands of one place, and what is refused."""

import jax
import numpy as np
import pytest

from train.config.registry import build
from train.data import DATA


def patches(folder, **values):
    section = {"name": "cube_patches", "images": f"cubes:last:{folder}", "batch_size": 6}
    return build(DATA, {**section, "patch_size": 4, **values}, "data")


def test_a_patch_is_of_one_place_in_all_bands(tmp_path):
    rows, columns = np.mgrid[:7, :9]
    place = rows * 9.0 + columns
    np.save(tmp_path / "one.npy", np.stack([place, place + 100, 200 - place], axis=-1))
    source = patches(tmp_path)
    assert source.fields["image"].shape == (4, 4, 3)
    arrays = jax.tree.map(jax.numpy.asarray, source.arrays)
    batch = np.asarray(source.batch(jax.random.key(0), arrays)["image"]) * 200
    np.testing.assert_allclose(batch[..., 1], batch[..., 0] + 100, atol=1e-4)
    np.testing.assert_allclose(batch[..., 2], 200 - batch[..., 0], atol=1e-4)
    steps = {round(abs(float(x))) for x in np.diff(batch[:, 0, :, 0]).ravel()}
    assert steps <= {1, 9}


@pytest.mark.parametrize(
    ("shapes", "values", "message"),
    [
        ([(7, 9, 3), (7, 9, 4)], {}, "b has 4 bands, a 3"),
        ([(7, 9, 3)], {"patch_size": 8}, "a is 9x7, smaller than a patch of 8"),
        ([(7, 9, 3)], {"images": "scikit_image"}, "cube_patches wants"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, shapes, values, message):
    for name, shape in zip("ab", shapes, strict=False):
        np.save(tmp_path / f"{name}.npy", np.random.default_rng(0).random(shape))
    with pytest.raises(ValueError, match=message):
        patches(tmp_path, **values)
