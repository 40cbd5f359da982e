import jax
import numpy as np
import pytest
from jax.test_util import check_grads

from imaging_jax.losses import content_loss

RNG = np.random.default_rng(0)
PREDICTION, TARGET = RNG.random((2, 2, 5, 4, 3))


def squares_of_columns(x):
    return x.sum(axis=-2) ** 2


def test_value():
    value = jax.jit(lambda x, y: content_loss(x, y, squares_of_columns))(PREDICTION, TARGET)
    features = [np.square(x.sum(axis=2)) / 12.75 for x in (PREDICTION, TARGET)]
    assert value.shape == ()
    assert float(value) == pytest.approx(np.mean((features[0] - features[1]) ** 2), rel=1e-5)
    assert content_loss(TARGET, TARGET, squares_of_columns) == 0


def test_pixels_as_features_weigh_as_the_papers_factor():
    ratio = content_loss(PREDICTION, TARGET, lambda x: x) / np.mean((PREDICTION - TARGET) ** 2)
    assert float(ratio) == pytest.approx(0.00615, abs=5e-6)


def test_gradients(x64):
    check_grads(lambda x: content_loss(x, TARGET, squares_of_columns), (PREDICTION,), order=1)


def test_shapes_must_agree():
    # Features of these would have one shape.
    with pytest.raises(ValueError, match="target: expected the shape of prediction"):
        content_loss(PREDICTION, TARGET[:, :1], squares_of_columns)
