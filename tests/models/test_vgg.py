import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.losses import content_loss
from imaging_jax.models.features import VGG19
from tests.models.super_resolution_helpers import jit


@pytest.fixture(scope="module")
def variables():
    # Not by `jit`: unoptimised, 20 million normal numbers take ten seconds.
    key = jax.random.key(0, impl="unsafe_rbg")
    return jax.jit(VGG19().init)(key, jnp.zeros((1, 16, 16, 3)))


def test_parameter_count():
    variables = jax.eval_shape(VGG19().init, jax.random.key(0), jnp.zeros((1, 16, 16, 3)))
    assert sum(leaf.size for leaf in jax.tree.leaves(variables)) == 20_024_384


def test_names_and_shapes_of_the_maps(variables):
    maps = jax.eval_shape(VGG19().apply, variables, jnp.zeros((2, 5, 96, 50, 3)))
    assert len(maps) == 16
    assert maps["relu1_1"].shape == (2, 5, 96, 50, 64)
    assert maps["relu2_2"].shape == (2, 5, 48, 25, 128)
    assert maps["relu3_4"].shape == (2, 5, 24, 12, 256)
    assert maps["relu4_4"].shape == (2, 5, 12, 6, 512)
    assert maps["relu5_4"].shape == (2, 5, 6, 3, 512)


def test_any_leading_axes(variables):
    images = np.random.default_rng(0).random((2, 1, 20, 17, 3), np.float32)
    found = jit(VGG19().apply)(variables, images)["relu5_4"]
    single = jit(VGG19().apply)(variables, images[1, 0])["relu5_4"]
    assert found.min() == 0 < found.max()
    np.testing.assert_allclose(found[1, 0], single, rtol=1e-4, atol=1e-5)


def test_half_precision_keeps_parameters():
    half = VGG19(dtype=jnp.bfloat16)
    maps, variables = jax.eval_shape(
        half.init_with_output, jax.random.key(0), jnp.zeros((1, 16, 16, 3))
    )
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype(jnp.float32)}
    assert maps["relu5_4"].dtype == jnp.bfloat16


def test_the_deepest_map_moves_every_parameter(variables):
    image = np.random.default_rng(1).random((2, 16, 16, 3), np.float32)

    @jit
    def gradient(params):
        def loss(params):
            return jnp.mean(VGG19().apply({"params": params}, image)["relu5_4"] ** 2)

        return jax.tree.map(lambda leaf: jnp.abs(leaf).max(), jax.grad(loss)(params))

    for path, largest in jax.tree_util.tree_leaves_with_path(gradient(variables["params"])):
        assert float(largest) > 1e-7, path


@pytest.mark.parametrize("name", ["relu2_2", "relu5_4"])
def test_steps_on_the_image_lower_the_content_loss(variables, name):
    target, image = np.random.default_rng(2).random((2, 1, 16, 16, 3), np.float32)

    @jit
    def step(variables, image):
        def loss(image):
            return content_loss(image, target, lambda x: VGG19().apply(variables, x)[name])

        value, gradient = jax.value_and_grad(loss)(image)
        return image - 0.01 * gradient / jnp.abs(gradient).mean(), value

    losses = []
    for _ in range(6):
        image, value = step(variables, image)
        losses.append(float(value))
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (jnp.zeros((1, 32, 32, 1)), r"VGG19: x must be an image of shape \(..., H, W, 3\), got"),
        (jnp.zeros((1, 32, 15, 3)), r"VGG19: x must have at least 16x16 pixels, got \(1, 32, 15"),
        (jnp.zeros((1, 32, 32, 3), jnp.uint8), "VGG19: x must be real floating point"),
    ],
)
def test_other_images_are_refused(x, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(VGG19().init, jax.random.key(0), x)
