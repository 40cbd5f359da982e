import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from skimage.metrics import peak_signal_noise_ratio

from imaging_jax.losses import charbonnier, l1, mrae, mse, negative_psnr, rmse, sum_of_squares_half

# Two images of three pixels; differences 1, -2, 3 and 0, 0, -4.
PREDICTION = jnp.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).reshape(2, 1, 3, 1)
TARGET = jnp.array([[0.0, 4.0, 0.0], [4.0, 5.0, 10.0]]).reshape(2, 1, 3, 1)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [(l1, 10 / 6), (mse, 30 / 6), (rmse, 5**0.5), (sum_of_squares_half, 30 / 4)],
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


def test_relative_errors_divide_by_the_target_but_not_by_darkness():
    prediction, target = jnp.array([0.6, 0.1, 0.01]), jnp.array([0.5, 0.2, 0.0])
    expected = (0.1 / 0.5 + 0.1 / 0.2 + 0.01 / 1e-3) / 3
    assert float(mrae(prediction, target)) == pytest.approx(expected, rel=1e-5)
    expected = (0.1 / 0.5 + 0.1 / 0.4 + 0.01 / 0.4) / 3
    assert float(mrae(prediction, target, floor=0.4)) == pytest.approx(expected, rel=1e-5)


def test_the_root_has_no_gradient_where_nothing_is_wrong():
    assert not np.any(jax.grad(rmse)(TARGET, TARGET))


def test_a_single_image_is_a_batch_of_one():
    assert float(sum_of_squares_half(PREDICTION[0], TARGET[0])) == 7


@pytest.mark.parametrize(
    "loss", [charbonnier, l1, mrae, mse, negative_psnr, rmse, sum_of_squares_half]
)
def test_gradients(loss, x64):
    prediction = np.random.default_rng(0).random((2, 3, 4, 1))
    target = np.random.default_rng(1).random((2, 3, 4, 1))
    check_grads(lambda x: loss(x, target), (prediction,), order=1)


def test_gradient_of_sum_of_squares_half_is_the_difference_over_the_batch():
    gradient = jax.grad(sum_of_squares_half)(PREDICTION, TARGET)
    np.testing.assert_allclose(gradient, (PREDICTION - TARGET) / 2)


@pytest.mark.parametrize(
    "loss", [charbonnier, l1, mrae, mse, negative_psnr, rmse, sum_of_squares_half]
)
def test_shapes_must_agree(loss):
    with pytest.raises(ValueError, match="target: expected the shape of prediction"):
        loss(PREDICTION, TARGET[:1])


def test_negative_psnr_is_the_mean_of_the_images_decibels():
    generator = np.random.default_rng(2)
    target = generator.random((3, 6, 5, 1))
    prediction = target + np.array([0.3, 0.03, 0.01]).reshape(3, 1, 1, 1) * generator.normal(
        size=target.shape
    )
    expected = -np.mean(
        [
            peak_signal_noise_ratio(*pair, data_range=1)
            for pair in zip(target, prediction, strict=True)
        ]
    )
    found = negative_psnr(jnp.asarray(prediction), jnp.asarray(target), epsilon=1e-9)
    assert float(found) == pytest.approx(expected, abs=1e-3)
    # A perfect image has the decibels of epsilon.
    assert float(negative_psnr(target[:1], target[:1])) == pytest.approx(-50)


@pytest.mark.parametrize("loss", [negative_psnr, sum_of_squares_half])
def test_losses_of_images_need_images(loss):
    with pytest.raises(ValueError, match=r"prediction: expected shape \(..., H, W, C\)"):
        loss(jnp.zeros((2, 2)), jnp.zeros((2, 2)))
