"""Demosaicing: exact where the image is linear, and what was measured is kept."""

import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.operators import bayer_mosaic
from imaging_jax.solvers import demosaic


@pytest.mark.parametrize("shape", [(12, 12), (9, 14), (11, 7)])
def test_planes_of_one_slope_are_filled_in_exactly(shape, x64):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    plane = 0.3 + 0.02 * rows + 0.01 * columns
    # The correction by gradients of one colour holds for others whose slope is the same.
    x = np.stack([plane, plane + 0.1, plane - 0.2], axis=-1)
    found = np.asarray(demosaic(bayer_mosaic(jnp.asarray(x))))
    np.testing.assert_allclose(found[2:-2, 2:-2], x[2:-2, 2:-2], atol=1e-12)


def test_what_was_measured_is_kept():
    x = np.random.default_rng(0).random((2, 8, 10, 3), np.float32)
    y = bayer_mosaic(x)
    np.testing.assert_array_equal(bayer_mosaic(demosaic(y)), y)


@pytest.mark.parametrize("shape", [(8, 8, 3), (2, 8, 1)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="expected mosaics"):
        demosaic(jnp.zeros(shape))
