import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from imaging_jax.models.layers import (
    ClassPlane,
    ClassProjection,
    LatentWithClass,
    TransposedConv,
    batch_norm,
    normal_around_one,
    spectral_norm,
)
from tests.models.super_resolution_helpers import jit

RNG = np.random.default_rng(0)


def transposed_convolution(x, kernel, stride, crop):
    """Every pixel adds the kernel at its place."""
    batch, height, width, _ = x.shape
    size = kernel.shape[0]
    shape = (batch, (height - 1) * stride + size, (width - 1) * stride + size, kernel.shape[-1])
    whole = np.zeros(shape)
    for row in range(height):
        for column in range(width):
            rows = slice(row * stride, row * stride + size)
            columns = slice(column * stride, column * stride + size)
            whole[:, rows, columns] += np.einsum("nc,abcd->nabd", x[:, row, column], kernel)
    before, after = crop
    return whole[:, before : shape[1] - after, before : shape[2] - after]


@pytest.mark.parametrize(
    ("size", "stride", "crop", "side"),
    [
        (4, 2, (1, 1), 10),  # DCGAN
        (4, 1, (0, 0), 8),  # DCGAN's first
        (3, 2, (1, 0), 10),
        (5, 2, (2, 1), 10),
        (5, 2, (1, 2), 10),  # TensorFlow's SAME
        (5, 1, (2, 2), 5),
        (1, 1, (2, 2), 1),  # DCGAN's last at 28x28
    ],
)
def test_transposed_convolution(size, stride, crop, side):
    x = RNG.standard_normal((2, 5, 6, 3))
    kernel, bias = RNG.standard_normal((size, size, 3, 4)), RNG.standard_normal(4)
    layer = TransposedConv(4, size, stride, crop, use_bias=True)
    params = {"kernel": jnp.asarray(kernel), "bias": jnp.asarray(bias)}
    found = jit(layer.apply)({"params": params}, jnp.asarray(x, jnp.float32))
    assert found.shape[1:3] == (side, side + stride)
    expected = transposed_convolution(x, kernel, stride, crop) + bias
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(("size", "stride", "crop"), [(4, 2, (1, 1)), (5, 2, (1, 2))])
def test_transposed_convolution_equals_xlas_same(size, stride, crop):
    x = jnp.asarray(RNG.standard_normal((2, 3, 4, 3)), jnp.float32)
    kernel = jnp.asarray(RNG.standard_normal((size, size, 3, 4)), jnp.float32)
    theirs = jax.lax.conv_transpose(
        x,
        kernel.swapaxes(2, 3),
        (stride, stride),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        transpose_kernel=True,
    )
    ours = TransposedConv(4, size, stride, crop).apply({"params": {"kernel": kernel}}, x)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_transposed_convolution_is_the_adjoint_of_the_strided_one():
    def strided(y, kernel):
        return jax.lax.conv_general_dilated(
            y,
            kernel.swapaxes(2, 3),
            (2, 2),
            [(1, 1), (1, 1)],
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )

    x, y = RNG.standard_normal((1, 4, 4, 3)), RNG.standard_normal((1, 8, 8, 2))
    kernel = RNG.standard_normal((4, 4, 3, 2))
    x, y, kernel = (jnp.asarray(array, jnp.float32) for array in (x, y, kernel))
    up = TransposedConv(2).apply({"params": {"kernel": kernel}}, x)
    assert float(jnp.vdot(up, y)) == pytest.approx(float(jnp.vdot(x, strided(y, kernel))), rel=1e-4)


def test_transposed_convolution_rejects():
    x = jnp.zeros((1, 4, 4, 2))
    with pytest.raises(ValueError, match="kernel_size must be at least the stride 2, got 1"):
        TransposedConv(3, kernel_size=1).init(jax.random.key(0), x)
    with pytest.raises(ValueError, match="crop must not be negative"):
        TransposedConv(3, crop=(-1, 1)).init(jax.random.key(0), x)


class Spectral(nn.Module):
    convolution: bool = False

    @nn.compact
    def __call__(self, x, train=False):
        layer = (
            nn.Conv(16, (3, 3), name="layer") if self.convolution else nn.Dense(32, name="layer")
        )
        return spectral_norm(layer, x, train)


@pytest.mark.parametrize(
    ("module", "shape"), [(Spectral(), (1, 32)), (Spectral(convolution=True), (1, 6, 6, 8))]
)
def test_spectral_norm_divides_by_the_largest_singular_value(module, shape):
    x = jnp.asarray(RNG.standard_normal(shape), jnp.float32)
    variables = module.init(jax.random.key(0), x)
    kernel = jnp.asarray(RNG.standard_normal(variables["params"]["layer"]["kernel"].shape))
    params = {"layer": {**variables["params"]["layer"], "kernel": kernel}}
    statistics = variables["batch_stats"]
    step = jit(lambda s: module.apply({"params": params, "batch_stats": s}, x, True, mutable=True))
    for _ in range(50):
        y, updated = step(statistics)
        statistics = updated["batch_stats"]
    norm = np.linalg.svd(np.reshape(kernel, (-1, kernel.shape[-1])), compute_uv=False)[0]
    assert float(statistics["layer_spectral"]["layer/kernel/sigma"]) == pytest.approx(
        norm, rel=1e-3
    )
    plain = nn.Conv(16, (3, 3)) if module.convolution else nn.Dense(32)
    scaled = {"params": {**params["layer"], "kernel": kernel / norm}}
    np.testing.assert_allclose(y, plain.apply(scaled, x), rtol=5e-3, atol=5e-3)


def test_spectral_norms_gradient_passes_through_the_singular_value():
    # The output of a kernel divided by its norm doesn't change with the kernel's length.
    module, x = Spectral(), jnp.ones((1, 32))
    variables = module.init(jax.random.key(0), x)
    kernel = variables["params"]["layer"]["kernel"]

    def output(scale):
        params = {"layer": {**variables["params"]["layer"], "kernel": scale * kernel}}
        found, _ = module.apply({**variables, "params": params}, x, True, mutable=["batch_stats"])
        return jnp.sum(found**2)

    assert float(output(1.0)) > 0.1
    assert float(jax.grad(output)(1.0)) == pytest.approx(0, abs=1e-4)


def test_spectral_norm_keeps_its_vector_only_in_training():
    module, x = Spectral(), jnp.ones((1, 32))
    variables = module.init(jax.random.key(0), x)
    for train in (False, True):
        _, updated = module.apply(variables, x, train, mutable=["batch_stats"])
        u = [v["batch_stats"]["layer_spectral"]["layer/kernel/u"] for v in (variables, updated)]
        assert bool(jnp.array_equal(*u)) is not train


def test_batch_norm_has_torchs_constants():
    class Norm(nn.Module):
        @nn.compact
        def __call__(self, x):
            return batch_norm(x, True, "norm")

    x = jnp.asarray([[0.0], [0.02]])
    y, updated = Norm().init_with_output(jax.random.key(0), x)
    np.testing.assert_allclose(y[:, 0], np.array([-0.01, 0.01]) / np.sqrt(1e-4 + 1e-5), rtol=1e-4)
    _, updated = Norm().apply(updated, x, mutable=["batch_stats"])
    statistics = updated["batch_stats"]["norm"]
    np.testing.assert_allclose(statistics["mean"], [0.001], rtol=1e-4)
    np.testing.assert_allclose(statistics["var"], [0.9 + 1e-5], rtol=1e-5)


def test_a_class_adds_its_own_numbers():
    z = jnp.asarray(RNG.standard_normal((3, 4)), jnp.float32)
    labels = jnp.array([2, 0, 2])
    latent = LatentWithClass(classes=3, embedding=5)
    y, variables = latent.init_with_output(jax.random.key(0), z, labels)
    table = variables["params"]["embedding"]["embedding"]
    np.testing.assert_array_equal(y, np.concatenate([z, np.asarray(table)[[2, 0, 2]]], axis=1))

    x = jnp.asarray(RNG.standard_normal((3, 2, 4, 1)), jnp.float32)
    y, variables = ClassPlane(3).init_with_output(jax.random.key(0), x, labels)
    table = variables["params"]["embedding"]["embedding"]
    np.testing.assert_array_equal(y[..., :1], x)
    np.testing.assert_array_equal(y[..., 1], np.asarray(table)[[2, 0, 2]].reshape(3, 2, 4))


def test_projection_is_the_product_with_the_summed_features():
    features = RNG.standard_normal((2, 3, 3, 4))
    labels = jnp.array([1, 0])
    found, variables = ClassProjection(2).init_with_output(
        jax.random.key(0), jnp.asarray(features, jnp.float32), labels, False
    )
    table = np.asarray(variables["params"]["embedding"]["embedding"])
    expected = np.sum(features.sum((1, 2)) * table[[1, 0]], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_initial_values_have_their_deviation():
    key = jax.random.key(0)
    scale = normal_around_one(0.02)(key, (20_000,))
    assert float(scale.mean()) == pytest.approx(1, abs=1e-3)
    assert float(scale.std()) == pytest.approx(0.02, rel=0.03)
    z, x, labels = jnp.zeros((1, 2)), jnp.zeros((1, 32, 32, 1)), jnp.zeros(1, int)
    latent = LatentWithClass(classes=50, embedding=100).init(key, z, labels)
    plane = ClassPlane(10, std=0.05).init(key, x, labels)
    for variables, std in ((latent, 1), (plane, 0.05)):
        (table,) = jax.tree.leaves(variables)
        assert float(table.std()) == pytest.approx(std, rel=0.05)
