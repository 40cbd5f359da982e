"""Segmenters taught: losses of masks and maps, and what is made of pictures of any size."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.models.restoration import DnCNN
from imaging_jax.models.segmentation import PSPNet, UNet
from train.data.portraits import Portraits
from train.tasks.segmentation import MASK_LOSSES, Segmentation

GENERATOR = np.random.default_rng(0)
ADAM = {"name": "adam", "schedule": {"name": "constant", "peak": 1e-2}}
MASKS = UNet(channels=3, classes=1, features=4, depth=1, padding="same", dropout=0.0)
VALID = UNet(channels=3, classes=3, features=4, depth=2, dropout=0.0)


def task(network=MASKS, **values):
    return Segmentation(network, ADAM, 3, **{"loss": {"nll": 1.0}, **values})


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_losses_of_masks_are_added_by_their_weights():
    logits = GENERATOR.normal(size=(2, 4, 5, 1)).astype(np.float32)
    mask = GENERATOR.integers(0, 2, (2, 4, 5)).astype(np.uint8)
    found = task(loss={"nll": 2.0, "jaccard": 0.5}).loss(jnp.asarray(logits), {"mask": mask})
    p = sigmoid(np.float64(logits[..., 0]))
    nll = -np.mean(np.where(mask == 1, np.log(p), np.log(1 - p)))
    common = (p * mask).sum(axis=(1, 2))
    union = p.sum(axis=(1, 2)) + mask.sum(axis=(1, 2)) - common
    jaccard = 1 - np.mean((common + 1) / (union + 1))
    assert found == pytest.approx(2 * nll + 0.5 * jaccard, rel=1e-5)


@pytest.mark.parametrize("name", MASK_LOSSES)
def test_pixels_of_a_mask_that_are_not_labelled_teach_nothing(name):
    logits = GENERATOR.normal(size=(1, 4, 6, 1)).astype(np.float32)
    mask = GENERATOR.integers(0, 2, (1, 4, 6)).astype(np.uint8)
    mask[:, :, 4:] = 255
    loss = lambda z: task(loss={name: 1.0}).loss(z, {"mask": mask})  # noqa: E731
    gradient = np.asarray(jax.grad(loss)(jnp.asarray(logits)))
    assert np.all(gradient[:, :, 4:] == 0)
    assert np.any(gradient[:, :, :4] != 0)
    # Means are over all pixels, sums over those of the image.
    cut = MASK_LOSSES[name](logits[:, :, :4, 0], np.float32(mask[:, :, :4] == 1))
    share = 4 / 6 if name in ("nll", "focal") else 1
    assert float(loss(logits)) == pytest.approx(share * float(cut), rel=1e-4)


def test_classes_and_pixels_weigh_and_unlabelled_ones_do_not_count():
    logits = GENERATOR.normal(size=(1, 8, 9, 3)).astype(np.float32)
    # Without padding, the logits are of the middle.
    margin = VALID.margin
    shape = (1, 8 + 2 * margin, 9 + 2 * margin)
    mask = GENERATOR.integers(0, 4, shape).astype(np.uint8)
    mask[mask == 3] = 255
    weight = GENERATOR.random(shape).astype(np.float32)
    own = task(VALID, loss={"cross_entropy": 2.0}, class_weights=(0.5, 1.0, 3.0))
    found = own.loss(jnp.asarray(logits), {"mask": mask, "weight": weight})
    total = 0.0
    for row in range(8):
        for column in range(9):
            label = mask[0, row + margin, column + margin]
            if label == 255:
                continue
            z = np.float64(logits[0, row, column])
            surprise = np.log(np.exp(z).sum()) - z[label]
            total += (0.5, 1.0, 3.0)[label] * weight[0, row + margin, column + margin] * surprise
    assert found == pytest.approx(2 * total / 72, rel=1e-5)


def test_the_auxiliary_head_counts_by_four_tenths():
    own = task(PSPNet(classes=1, depth=18, features=4))
    first, second = GENERATOR.normal(size=(2, 2, 4, 5, 1)).astype(np.float32)
    target = {"mask": GENERATOR.integers(0, 2, (2, 4, 5)).astype(np.uint8)}
    plain = task().loss
    wanted = float(plain(first, target) + 0.4 * plain(second, target))
    assert own.loss((first, second), target) == pytest.approx(wanted, rel=1e-6)
    assert "averages are of the whole picture" in own.whole
    assert not task().whole


def variables_of(own):
    side = own.network.side_for(8)
    shape = jnp.zeros((1, side, side, own.network.channels))
    return {"network": own.network.init(jax.random.key(0), shape)}


def test_a_picture_is_told_by_overlapping_tiles_continued_by_reflection():
    own = task(VALID, loss={"cross_entropy": 1.0})
    variables = variables_of(own)
    image = GENERATOR.random((2, 13, 30, 3)).astype(np.float32)
    found = own.apply(variables, {"image": image})["logits"]
    assert found.shape == (2, 13, 30, 3)
    margin = VALID.margin
    # 2 margin + 4 + 4k is the least side without padding that holds 13 and 30 logits.
    ends = [(margin, side - size - margin) for size, side in ((13, 16 + 40), (30, 32 + 40))]
    padded = np.pad(image, [(0, 0), *ends, (0, 0)], mode="reflect")
    wanted = VALID.apply(variables["network"], padded)[:, :13, :30]
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_and_colours_are_shown_to_either_network(channels):
    own = task(UNet(channels, 1, 4, 1, "same", dropout=0.0))
    variables = variables_of(own)
    grey = GENERATOR.random((1, 8, 8, 1)).astype(np.float32)
    pair = (own.apply(variables, {"image": x})["logits"] for x in (grey, np.repeat(grey, 3, -1)))
    np.testing.assert_allclose(*pair, atol=1e-5)


def test_a_few_steps_tell_people_from_ground_and_reach_every_leaf():
    own = task(loss={"nll": 1.0, "jaccard": 1.0})
    data = Portraits(4, 32)
    own.check_data(data)
    (stage,) = own.stages
    batch = jax.jit(data.batch)(jax.random.key(0), ())
    state = stage.init(jax.random.key(1), batch, None)
    start = state.params
    step = jax.jit(stage.step_functions["step"])
    losses = []
    for _ in range(6):
        state, metrics = step(state, batch)
        losses.append(float(metrics["loss"]))
    assert losses[-1] < losses[0]
    moved = jax.tree.map(lambda a, b: bool(jnp.any(a != b)), start, state.params)
    assert all(jax.tree.leaves(moved))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"network": DnCNN(channels=3)}, "DnCNN segments nothing"),
        ({"loss": {"cross_entropy": 1.0}}, "task.loss.cross_entropy: a network of 1 class.es. is"),
        ({"network": VALID}, "task.loss.nll: a network of 3 class.es. is taught by cross_entropy"),
        ({"loss": {}}, "task.loss={}: wanted weights"),
        ({"loss": {"nll": -1.0}}, "none below 0"),
        ({"class_weights": (1.0, 2.0)}, "task.class_weights=.1.0, 2.0.: wanted 0 weights"),
    ],
)
def test_what_does_not_fit_is_refused(values, words):
    with pytest.raises(ValueError, match=words):
        task(**values)
