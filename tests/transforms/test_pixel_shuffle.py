import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.transforms import depth_to_space, space_to_depth


def test_channel_order():
    x = np.arange(12.0).reshape(1, 1, 12)
    expected = [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]
    np.testing.assert_array_equal(depth_to_space(x, 2), expected)


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_index_formula_and_inverse(scale):
    H, W, C = 4, 3, 2
    x = np.random.default_rng(0).random((2, 5, H, W, scale**2 * C)).astype(np.float32)
    expected = np.empty((2, 5, scale * H, scale * W, C), np.float32)
    for dy, dx, c in np.ndindex(scale, scale, C):
        expected[..., dy::scale, dx::scale, c] = x[..., (dy * scale + dx) * C + c]
    np.testing.assert_array_equal(depth_to_space(x, scale), expected)
    np.testing.assert_array_equal(space_to_depth(expected, scale), x)


def test_transpose_is_the_inverse():
    x = jax.random.normal(jax.random.key(0), (2, 3, 8))
    y = jax.random.normal(jax.random.key(1), (4, 6, 2))
    _, pullback = jax.vjp(jax.jit(lambda x: depth_to_space(x, 2)), x)
    np.testing.assert_array_equal(pullback(y)[0], space_to_depth(y, 2))


def test_wrong_shapes():
    with pytest.raises(ValueError, match="multiple of scale²=4 channels"):
        depth_to_space(jnp.zeros((2, 2, 6)), 2)
    with pytest.raises(ValueError, match="divisible by 3"):
        space_to_depth(jnp.zeros((6, 4, 1)), 3)
    for function in (depth_to_space, space_to_depth):
        with pytest.raises(ValueError, match="scale: expected a positive"):
            function(jnp.zeros((2, 2, 4)), 0)
        with pytest.raises(ValueError, match=r"expected shape \(..., H, W, C\)"):
            function(jnp.zeros((2, 4)), 2)
