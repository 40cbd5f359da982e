import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse

from imaging_jax.operators._banded_product import banded_product


def band(rows, columns, width, seed=0):
    """Random entries along the line from corner to corner; one row is all zero."""
    generator = np.random.default_rng(seed)
    matrix = scipy.sparse.lil_array((rows, columns))
    for row in range(rows):
        first = int(np.clip(row * columns / rows - width / 2, 0, columns - width))
        matrix[[row], first : first + width] = generator.normal(size=width)
    matrix[[rows // 3], :] = 0
    return matrix.tocsr()


@pytest.mark.parametrize(
    ("rows", "columns", "width"),
    [
        (75, 150, 8),
        (201, 67, 4),
        (67, 201, 12),
        (31, 200, 9),
        (40, 36, 5),
        (1, 90, 90),
        (65, 64, 1),
    ],
)
@pytest.mark.parametrize("axis", [-3, -2])
def test_is_the_sparse_product_and_its_transpose(rows, columns, width, axis, x64):
    matrix = band(rows, columns, width)
    x = np.random.default_rng(1).normal(size=(2, columns, columns + 3, 2))
    if axis == -2:
        x = x.swapaxes(1, 2)
    product = jax.jit(lambda x: banded_product(matrix.toarray(), x, axis))
    y, pull_back = jax.vjp(product, jnp.asarray(x))

    def along(matrix, x):
        first = np.moveaxis(x, axis, 0)
        flat = matrix @ first.reshape(len(first), -1)
        return np.moveaxis(flat.reshape(-1, *first.shape[1:]), 0, axis)

    np.testing.assert_allclose(y, along(matrix, x), atol=1e-12)
    np.testing.assert_allclose(pull_back(y)[0], along(matrix.T, np.asarray(y)), atol=1e-11)
