import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from imaging_jax.losses import charbonnier, l1, mse, sum_of_squares_half

# Two images of three pixels; differences 1, -2, 3 and 0, 0, -4.
PREDICTION = jnp.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).reshape(2, 1, 3, 1)
TARGET = jnp.array([[0.0, 4.0, 0.0], [4.0, 5.0, 10.0]]).reshape(2, 1, 3, 1)


@pytest.mark.parametrize(
    ("loss", "expected"), [(l1, 10 / 6), (mse, 30 / 6), (sum_of_squares_half, 30 / 4)]
)
def test_values(loss, expected):
    value = jax.jit(loss)(PREDICTION, TARGET)
    assert value.shape == ()
    assert float(value) == pytest.approx(expected, rel=1e-6)


def test_charbonnier_is_l1_far_from_zero_and_quadratic_near_it():
    far = charbonnier(PREDICTION, TARGET, epsilon=1e-6)
    assert float(far) == pytest.approx(10 / 6, rel=1e-5)
    near = charbonnier(jnp.full((5,), 3e-4), jnp.zeros(5), epsilon=4e-4)
    assert float(near) == pytest.approx(5e-4, rel=1e-5)  # 3, 4, 5


def test_a_single_image_is_a_batch_of_one():
    assert float(sum_of_squares_half(PREDICTION[0], TARGET[0])) == 7


@pytest.mark.parametrize("loss", [charbonnier, l1, mse, sum_of_squares_half])
def test_gradients(loss, x64):
    prediction = np.random.default_rng(0).random((2, 3, 4, 1))
    target = np.random.default_rng(1).random((2, 3, 4, 1))
    check_grads(lambda x: loss(x, target), (prediction,), order=1)


def test_gradient_of_sum_of_squares_half_is_the_difference_over_the_batch():
    gradient = jax.grad(sum_of_squares_half)(PREDICTION, TARGET)
    np.testing.assert_allclose(gradient, (PREDICTION - TARGET) / 2)


@pytest.mark.parametrize("loss", [charbonnier, l1, mse, sum_of_squares_half])
def test_shapes_must_agree(loss):
    with pytest.raises(ValueError, match="target: expected the shape of prediction"):
        loss(PREDICTION, TARGET[:1])


def test_sum_of_squares_half_needs_images():
    with pytest.raises(ValueError, match=r"prediction: expected shape \(..., H, W, C\)"):
        sum_of_squares_half(jnp.zeros((2, 2)), jnp.zeros((2, 2)))
