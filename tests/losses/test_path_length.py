import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.losses import path_length


def linear(matrix):
    """Images (N, 5, 4, 2) that are linear in the styles (N, 3, 6)."""
    return lambda ws: jnp.einsum("hwcld,nld->nhwc", matrix, ws)


def test_path_length_of_a_linear_synthesis():
    # E ‖Jᵀ y‖² = ‖J‖² / (H W), J constant.
    matrix = np.random.default_rng(0).standard_normal((5, 4, 2, 3, 6)).astype(np.float32)
    lengths = np.asarray(path_length(linear(matrix), jnp.ones((20_000, 3, 6)), jax.random.key(0)))
    assert lengths.shape == (20_000,)
    expected = np.sum(matrix**2) / (5 * 4) / 3
    assert np.mean(lengths**2) == pytest.approx(expected, rel=0.02)


def test_path_length_of_one_image_is_its_own():
    # Each style scales one pixel: the length is that of the noise times the scale.
    scale = jnp.arange(1.0, 5.0)
    synthesis = lambda ws: (scale * ws[:, 0]).reshape(-1, 2, 2, 1)  # noqa: E731
    key, ws = jax.random.key(3), jnp.zeros((6, 1, 4))
    noise = jax.random.normal(key, (6, 2, 2, 1)).reshape(6, 4) / 2
    expected = np.linalg.norm(noise * scale, axis=-1)
    np.testing.assert_allclose(path_length(synthesis, ws, key), expected, rtol=1e-5)


def test_path_length_has_a_gradient():
    synthesis = lambda a, ws: a * linear(jnp.ones((5, 4, 2, 3, 6)))(ws)  # noqa: E731
    length = lambda a: path_length(  # noqa: E731
        lambda ws: synthesis(a, ws), jnp.ones((2, 3, 6)), jax.random.key(0)
    ).sum()
    assert float(jax.grad(length)(2.0)) == pytest.approx(float(length(1.0)), rel=1e-5)


def test_errors():
    with pytest.raises(ValueError, match=r"ws: expected shape \(N, num_ws, w\), got \(2, 6\)"):
        path_length(lambda ws: ws, jnp.ones((2, 6)), jax.random.key(0))
    with pytest.raises(ValueError, match="synthesis: expected 2 images"):
        path_length(lambda ws: ws, jnp.ones((2, 3, 6)), jax.random.key(0))
