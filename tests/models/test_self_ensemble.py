from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.models.super_resolution import dihedral, inverse_dihedral, self_ensemble
from imaging_jax.operators import resize
from tests.models.super_resolution_helpers import jit

IMAGE = np.random.default_rng(0).random((2, 5, 8, 3), np.float32)


@jax.jit
def lopsided(x):
    """Twice the size; every pixel also gets a part of its left neighbour."""
    big = resize(x, 2)
    return big + 0.3 * jnp.roll(big, 1, axis=-2) ** 2


def test_the_eight_transforms_are_the_symmetries_of_the_square():
    square = np.arange(9.0).reshape(3, 3, 1)
    images = {
        np.asarray(dihedral(square, turns, mirror)).tobytes()
        for turns in range(4)
        for mirror in (False, True)
    }
    assert len(images) == 8


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirror", [False, True])
def test_each_is_undone(turns, mirror):
    moved = dihedral(IMAGE, turns, mirror)
    assert moved.shape == ((2, 8, 5, 3) if turns % 2 else IMAGE.shape)
    np.testing.assert_array_equal(inverse_dihedral(moved, turns, mirror), IMAGE)


def test_leaves_a_symmetric_system_alone():
    found = jit(partial(self_ensemble, partial(resize, scale=3)))(IMAGE)
    np.testing.assert_allclose(found, jit(partial(resize, scale=3))(IMAGE), atol=1e-6)


def test_makes_any_system_symmetric():
    ensemble = jit(partial(self_ensemble, lopsided))
    moved = ensemble(dihedral(IMAGE, 1, True))
    np.testing.assert_allclose(inverse_dihedral(moved, 1, True), ensemble(IMAGE), atol=1e-6)
    moved = lopsided(dihedral(IMAGE, 1, True))
    assert np.abs(inverse_dihedral(moved, 1, True) - lopsided(IMAGE)).max() > 0.05


def test_averages_out_independent_errors():
    @jit
    def noisy(x):
        key = jax.random.key(jnp.sum(x[0, 0, 0] * 1e4).astype(int))
        return x + jax.random.normal(key, x.shape)

    errors = self_ensemble(noisy, IMAGE) - IMAGE
    assert float(errors.std()) == pytest.approx(1 / np.sqrt(8), rel=0.15)
