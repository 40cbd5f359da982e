import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.models.features import LeNet5
from imaging_jax.pretrained import load
from tests.mnist_judge import digits, judged_digits


def test_parameter_count():
    variables = jax.eval_shape(LeNet5().init, jax.random.key(0), jnp.zeros((1, 28, 28, 1)))
    assert sum(leaf.size for leaf in jax.tree.leaves(variables)) == 61_706


def test_published_weights_name_the_test_digits(imaging_data):
    # Accuracy of the weights in another program: 98.61 %, and by class.
    of_class = [0.9929, 0.9947, 0.9893, 0.9911, 0.9827, 0.9809, 0.9833, 0.9874, 0.9713, 0.9851]
    _, labels = digits(imaging_data, "test")
    features, probabilities = judged_digits(imaging_data, "test")
    right = probabilities.argmax(axis=-1) == labels
    assert right.mean() == pytest.approx(0.9861, abs=1e-9)
    found = [right[labels == digit].mean() for digit in range(10)]
    np.testing.assert_allclose(found, of_class, atol=5.1e-5)
    assert features.shape == (10_000, 84)
    assert features.min() == 0


@pytest.mark.slow
def test_features_of_the_training_digits(imaging_data):
    _, labels = digits(imaging_data, "train")
    features, probabilities = judged_digits(imaging_data, "train")
    assert (probabilities.argmax(axis=-1) == labels).mean() == pytest.approx(0.99025, abs=1e-9)
    deviation = features.std(axis=0)
    assert (deviation == 0).sum() == 19
    assert deviation.mean() == pytest.approx(2.31, abs=0.005)
    assert features.max() == pytest.approx(28.0, abs=0.05)


def test_any_leading_axes(imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    module, variables = load("lenet5_mnist_csinva")
    images = digits(imaging_data, "test")[0][:6]
    logits = module.apply(variables, images)
    stacked = module.apply(variables, images.reshape(2, 3, 28, 28, 1))
    np.testing.assert_allclose(stacked.reshape(6, 10), logits, atol=1e-5)
    np.testing.assert_allclose(module.apply(variables, images[0]), logits[0], atol=1e-5)


def test_other_images_are_refused():
    init = LeNet5().init
    with pytest.raises(ValueError, match="LeNet5: x must have 28x28 pixels, got"):
        jax.eval_shape(init, jax.random.key(0), jnp.zeros((1, 32, 32, 1)))
    with pytest.raises(ValueError, match=r"LeNet5: x must be an image of shape \(..., H, W, 1\)"):
        jax.eval_shape(init, jax.random.key(0), jnp.zeros((1, 28, 28, 3)))
