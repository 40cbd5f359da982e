import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.transforms import finite_differences, finite_differences_adjoint

BOUNDARIES = ["neumann", "circular"]
SHAPES = [(4, 5, 1), (2, 7, 6, 3), (1, 3, 2), (3, 1, 1)]


@pytest.mark.parametrize("shape", SHAPES)
def test_against_numpy(shape):
    x = np.random.default_rng(0).random(shape).astype(np.float32)
    for boundary, mode in (("neumann", "edge"), ("circular", "wrap")):
        differences = finite_differences(x, boundary)
        for axis, difference in zip((-3, -2), differences, strict=True):
            padding = [(0, 0)] * len(shape)
            padding[axis] = (0, 1)
            expected = np.diff(np.pad(x, padding, mode), axis=axis)
            np.testing.assert_array_equal(difference, expected)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_adjoint_is_the_transpose(boundary, shape, dtype, x64):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape).astype(dtype)
    p = tuple(rng.standard_normal((2, *shape)).astype(dtype))
    transpose = jax.linear_transpose(lambda x: finite_differences(x, boundary), x)
    np.testing.assert_allclose(finite_differences_adjoint(p, boundary), transpose(p)[0], atol=1e-14)


def test_printed_adjoint():
    p = np.array([3.0, 5, 7, 11], np.float32).reshape(4, 1, 1)
    adjoint = finite_differences_adjoint((p, jnp.zeros_like(p)))
    np.testing.assert_array_equal(adjoint[:, 0, 0], [-3, 3 - 5, 5 - 7, 7])


@pytest.mark.parametrize(
    ("boundary", "squared_norm"),
    [("neumann", 8 * np.cos(np.pi / 32) ** 2), ("circular", 8)],
)
def test_spectral_norm(boundary, squared_norm, x64):
    matrix = jax.vmap(lambda x: finite_differences(x.reshape(16, 16, 1), boundary))(jnp.eye(256))
    matrix = np.concatenate([part.reshape(256, 256) for part in matrix], axis=1)
    assert np.linalg.norm(matrix, 2) ** 2 == pytest.approx(squared_norm, rel=1e-12)


def test_wrong_input():
    with pytest.raises(ValueError, match="x: expected an image"):
        finite_differences(jnp.zeros((4, 4)))
    with pytest.raises(ValueError, match="boundary: expected 'neumann' or 'circular', got 'zero'"):
        finite_differences(jnp.zeros((4, 4, 1)), "zero")
    with pytest.raises(ValueError, match="p: expected two images of one shape"):
        finite_differences_adjoint((jnp.zeros((4, 4, 1)), jnp.zeros((4, 3, 1))))
