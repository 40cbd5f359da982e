"""Training a network of one style: what its loss is made of, and that it falls."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs.stylization import fast_style
from imaging_jax.losses import gram_matrix
from tests.models.super_resolution_helpers import jit
from train.engine.restore import build_task
from train.tasks.stylization import features_of


def built(**section):
    config = fast_style.get_config("tiny").to_dict()
    config["task"].update(section)
    config["model"]["features"] = 2
    return build_task(config)


@pytest.fixture(scope="module")
def image():
    rows, columns, phase = np.ogrid[:24, :20, :3]
    wave = 0.5 + 0.3 * np.sin(0.5 * rows + phase) * np.cos(0.3 * columns)
    return jnp.asarray(wave[None], jnp.float32)


def test_the_loss_is_of_content_style_and_smoothness(image):
    weights = {"content_weight": 2.0, "style_weight": 3.0, "variation_weight": 5.0}
    task = built(**weights)
    styled = image[:, ::-1]
    maps = jit(features_of(""))
    ours, wanted = maps(styled), maps(image)
    of_content = np.mean(np.asarray(ours["relu3_4"] - wanted["relu3_4"]) ** 2)
    assert list(task.grams) == ["relu1_1", "relu2_1", "relu3_1", "relu4_1"]
    of_style = sum(
        np.mean((np.asarray(gram_matrix(ours[name][0])) - gram) ** 2)
        for name, gram in task.grams.items()
    )
    variation = sum(np.mean(np.diff(np.asarray(styled), axis=axis) ** 2) for axis in (1, 2))
    expected = 2 * of_content + 3 * of_style + 5 * variation
    assert float(jit(task.loss)(styled, image)) == pytest.approx(expected, rel=1e-4)


def test_the_painting_is_brought_to_its_size():
    task = built(style_size=40)
    assert task.grams.keys() == built().grams.keys()
    assert not np.allclose(task.grams["relu1_1"], built().grams["relu1_1"], rtol=1e-3)


def test_a_few_steps_lower_the_loss(image):
    task = built()
    variables = jit(task.network.init)(jax.random.key(0), image)

    @jit
    @jax.value_and_grad
    def gradient(variables):
        return task.loss(task.network.apply(variables, image), image)

    losses = []
    for _ in range(12):
        value, grads = gradient(variables)
        losses.append(float(value))
        variables = jax.tree.map(lambda p, g: p - 5e-3 * jnp.sign(g), variables, grads)
    assert losses[-1] < 0.9 * losses[0]
    found = jit(task.apply)({"network": variables}, {"image": image})["image"]
    assert (found.shape, found.dtype) == (image.shape, jnp.float32)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"task\.style=scikit_image: it has 5 images, wanted one"):
        built(style="scikit_image")
    with pytest.raises(ValueError, match=r"task\.content='relu4_2' is unknown"):
        built(content="relu4_2")
    with pytest.raises(ValueError, match="style_weight"):
        built(style_weight=-1.0)
    config = fast_style.get_config("tiny").to_dict()
    config["model"] = {"name": "dncnn"}
    with pytest.raises(ValueError, match="DnCNN takes no RGB image alone"):
        build_task(config)
