import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from imaging_jax.models.layers import Conv, _convolution

CASES = {
    "same": ((5, 12, 9, 4), (3, 3), {}),
    "even kernel": ((4, 11, 8, 3), (4, 4), {}),
    "valid": ((4, 13, 10, 3), (5, 3), {"padding": "VALID"}),
    "strided": ((6, 12, 11, 4), (3, 3), {"strides": 2}),
    "dilated": ((4, 14, 15, 2), (3, 3), {"kernel_dilation": 3}),
    "groups": ((4, 9, 9, 6), (3, 3), {"feature_group_count": 3}),
    "asymmetric": ((4, 9, 8, 2), (4, 4), {"padding": ((0, 3), (1, 2)), "strides": 2}),
    "one axis": ((4, 33, 3), (7,), {}),
    "volumes": ((3, 6, 5, 7, 2), (3, 3, 3), {}),
    "frames": ((2, 3, 8, 8, 2), (3, 3), {}),
}


def value_and_gradients(layer, shape, kernel_size, settings, dtype):
    """The output, its gradients, and the gradient of the gradients' own energy."""
    module = layer(6, kernel_size, dtype=dtype, param_dtype=dtype, **settings)
    x = jax.random.normal(jax.random.key(0), shape, dtype)
    variables = module.init(jax.random.key(1), x)
    weights = jax.random.normal(jax.random.key(2), module.apply(variables, x).shape, dtype)

    def energy(variables, x):
        return jnp.sum(weights * jnp.sin(module.apply(variables, x)))

    gradient = jax.grad(energy, (0, 1))

    def energy_of_gradient(variables, x):
        return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(gradient(variables, x)))

    both = jax.jit(lambda *a: (gradient(*a), jax.grad(energy_of_gradient, (0, 1))(*a)))
    return module.apply(variables, x), both(variables, x)


def convolutions(layer, shape, kernel_size, settings):
    """How many convolutions the gradient by the kernel takes."""
    module = layer(6, kernel_size, **settings)
    x = jnp.ones(shape)
    variables = module.init(jax.random.key(1), x)
    loss = lambda variables: jnp.sum(module.apply(variables, x) ** 2)  # noqa: E731
    return str(jax.make_jaxpr(jax.grad(loss))(variables)).count("conv_general_dilated[")


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(_convolution, "_UNFOLDED", 1000)


@pytest.mark.parametrize("case", CASES)
def test_gradients_in_pieces_are_those_of_flax(case, small_pieces, x64):
    assert convolutions(Conv, *CASES[case]) > convolutions(nn.Conv, *CASES[case])
    ours = value_and_gradients(Conv, *CASES[case], jnp.float64)
    theirs = value_and_gradients(nn.Conv, *CASES[case], jnp.float64)
    for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert np.abs(one - other).max() <= 1e-12 * np.abs(other).max()


def test_in_single_precision_likewise(small_pieces):
    ours = value_and_gradients(Conv, *CASES["same"], jnp.float32)
    theirs = value_and_gradients(nn.Conv, *CASES["same"], jnp.float32)
    for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert np.abs(one - other).max() <= 1e-5 * np.abs(other).max()


def test_forward_derivatives_and_batches_of_kernels(small_pieces, x64):
    shape, size, _ = CASES["same"]
    x = jax.random.normal(jax.random.key(0), shape)
    kernels = jax.random.normal(jax.random.key(1), (3, *size, shape[-1], 6))

    def tangents(layer):
        module = layer(6, size, use_bias=False, dtype=jnp.float64)
        apply = lambda kernel, x: module.apply({"params": {"kernel": kernel}}, x)  # noqa: E731
        one = lambda kernel: jax.jvp(apply, (kernel, x), (kernel, jnp.cos(x)))[1]  # noqa: E731
        return jax.vmap(one)(kernels)

    np.testing.assert_allclose(tangents(Conv), tangents(nn.Conv), rtol=1e-12, atol=1e-12)


def test_small_batches_are_left_to_xla():
    assert convolutions(Conv, *CASES["same"]) == convolutions(nn.Conv, *CASES["same"])
