"""Depthwise and separable convolutions: both ways of computing, counts, a second writing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import correlate

from imaging_jax.models.layers import DepthwiseConv, SeparableConv, _depthwise


def drawn(*shapes):
    generator = np.random.default_rng(0)
    return [jnp.asarray(generator.standard_normal(shape), jnp.float32) for shape in shapes]


def count(module, *shape):
    found = jax.eval_shape(module.init, jax.random.key(0), jnp.zeros(shape))
    return sum(leaf.size for leaf in jax.tree.leaves(found))


def test_counts():
    # k² C_in + C_in C_out (Howard et al., section 3.1); a bias adds C_in + C_out.
    assert count(SeparableConv(128), 1, 4, 4, 64) == 9 * 64 + 64 * 128 == 8_768
    assert count(SeparableConv(128, use_bias=True), 1, 4, 4, 64) == 8_768 + 64 + 128
    assert count(DepthwiseConv(), 1, 4, 4, 64) == 9 * 64 + 64
    assert count(DepthwiseConv(5, use_bias=False), 1, 4, 4, 64) == 25 * 64


@pytest.mark.parametrize("size", [3, 4, 5])
def test_shifted_images_are_the_grouped_convolution(size):
    x, kernel, weights = drawn((2, 7, 6, 3), (size, size, 1, 3), (2, 7, 6, 3))

    def gradients(convolve):
        def energy(x, kernel):
            y = convolve(x, kernel)
            return jnp.sum(weights * jnp.sin(y)), y

        def steepness(x, kernel):
            first, y = jax.grad(energy, (0, 1), has_aux=True)(x, kernel)
            return sum(jnp.sum(part**2) for part in first), (first, y)

        return jax.grad(steepness, (0, 1), has_aux=True)(x, kernel)

    ours = gradients(_depthwise._shifted_on_cpu)
    theirs = gradients(lambda x, kernel: _depthwise._grouped(x, kernel, None))
    # The gradient's own gradient, and the first gradient with the values.
    for part, tolerance in ((0, 1e-3), (1, 1e-5)):
        for one, other in zip(
            jax.tree.leaves(ours[part]), jax.tree.leaves(theirs[part]), strict=True
        ):
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=10 * tolerance)


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
def test_separable_is_that_of_scipy(backend, monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    x, kernel, matrix, first, second = drawn((2, 5, 6, 3), (3, 3, 1, 3), (3, 4), (3,), (4,))
    params = {
        "depthwise": {"kernel": kernel, "bias": first},
        "pointwise": {"kernel": matrix, "bias": second},
    }
    for given in (x, x[0], x[None]):
        found = SeparableConv(4, use_bias=True).apply({"params": params}, given)
        assert found.shape == (*given.shape[:-1], 4)
    for one, image in zip(np.squeeze(found), np.asarray(x, np.float64), strict=True):
        maps = [
            correlate(image[..., c], np.asarray(kernel)[:, :, 0, c], mode="constant") + first[c]
            for c in range(3)
        ]
        wanted = np.stack(maps, axis=-1) @ np.asarray(matrix) + second
        np.testing.assert_allclose(one, wanted, rtol=1e-5, atol=1e-5)
