import jax
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy.spatial import geometric_slerp

from imaging_jax.transforms import attribute_arithmetic, lerp, slerp

T = np.linspace(0, 1, 10)


def latents(*shape):
    return np.random.default_rng(0).standard_normal(shape)


def test_lerp_is_shorter_half_way():
    start, end = latents(2, 7, 10_000)
    path = np.asarray(lerp(start, end, T))
    assert path.shape == (10, 7, 10_000)
    np.testing.assert_allclose(path[0], start, rtol=1e-6)
    np.testing.assert_allclose(path[-1], end, rtol=1e-6)
    half = np.linalg.norm(lerp(start, end, 0.5), axis=-1)
    np.testing.assert_allclose(half, 100 / np.sqrt(2), rtol=0.03)


def test_slerp_of_unit_vectors(x64):
    start, end = latents(2, 5)
    start, end = start / np.linalg.norm(start), end / np.linalg.norm(end)
    np.testing.assert_allclose(slerp(start, end, T), geometric_slerp(start, end, T), atol=1e-12)
    np.testing.assert_allclose(slerp(start, end, 0.3), slerp(start, end, [0.3])[0], atol=1e-15)


def test_slerp_keeps_the_length():
    start, end = latents(2, 7, 10_000)
    path = np.asarray(slerp(start, end, T))
    np.testing.assert_allclose(np.linalg.norm(path, axis=-1), 100, rtol=0.03)


def test_slerp_of_lengths_that_differ(x64):
    # Two and three times orthogonal unit vectors: the formula written out.
    found = slerp(np.array([2.0, 0.0]), np.array([0.0, 3.0]), 1 / 3)
    np.testing.assert_allclose(found, [2 * np.cos(np.pi / 6), 3 * np.sin(np.pi / 6)])


@pytest.mark.parametrize("factor", [1.0, 2.0, -1.0])
def test_slerp_of_parallel_vectors_is_linear(x64, factor):
    start = latents(4)
    found = slerp(start, factor * start, T)
    np.testing.assert_allclose(found, lerp(start, factor * start, T), atol=1e-9)
    gradient = jax.grad(lambda z: slerp(z, factor * start, T).sum())(start)
    np.testing.assert_allclose(gradient, np.sum(1 - T))


def test_slerp_has_gradients(x64):
    check_grads(jax.jit(lambda a, b: slerp(a, b, T[:4])), tuple(latents(2, 1, 3)), order=1)


def test_attribute_arithmetic():
    base, positive, negative = latents(3, 3, 5)
    expected = positive.mean(axis=0) - negative.mean(axis=0) + base.mean(axis=0)
    np.testing.assert_allclose(
        attribute_arithmetic(base, positive, negative), expected, rtol=1e-5, atol=1e-6
    )
    same = attribute_arithmetic(base[:1], positive[:2], positive[:2])
    np.testing.assert_allclose(same, base[0], atol=1e-6)


def test_errors():
    with pytest.raises(ValueError, match=r"end: expected \(..., D\) as start \(3,\), got \(4,\)"):
        lerp(np.ones(3), np.ones(4), 0.5)
    with pytest.raises(ValueError, match=r"t: expected a scalar or \(T,\), got shape \(2, 2\)"):
        slerp(np.ones(3), np.ones(3), np.ones((2, 2)))
    with pytest.raises(ValueError, match="without_attribute: expected"):
        attribute_arithmetic(np.ones((3, 4)), np.ones((2, 4)), np.ones((2, 5)))
