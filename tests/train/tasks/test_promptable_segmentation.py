"""Promptable segmentation: prompts drawn of masks, losses, what is trained, how it is scored."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from configs.segmentation import promptable
from tests.models.super_resolution_helpers import jit
from train.config.registry import build
from train.data import DATA
from train.data.data_sets import data_set
from train.data.prompts import draw_box, draw_correction, draw_object, draw_point
from train.engine.restore import build_task
from train.run.experiment import build_experiment
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.systems.system import Origin, System
from train.tasks.promptable_segmentation import _chosen, _judged

KEYS = jax.random.split(jax.random.key(0), 200)


def rectangle(top, left, bottom, right, side=32):
    mask = np.zeros((side, side), bool)
    mask[top:bottom, left:right] = True
    return jnp.asarray(mask)


@pytest.fixture(scope="module")
def tiny():
    config = promptable.get_config("tiny")
    return build_task(config), build(DATA, config.data, "data", seed=0)


@pytest.fixture(scope="module")
def batch(tiny):
    return jit(lambda key: tiny[1].batch(key, ()))(jax.random.key(3))


def test_a_point_is_a_pixel_of_the_mask():
    mask = rectangle(3, 10, 8, 12)
    points, labels = jit(jax.vmap(lambda key: draw_point(key, mask)))(KEYS)
    found = {tuple(point) for point in np.asarray(points[:, 0], int).tolist()}
    # All ten pixels are drawn in 200 draws, x before y.
    assert found == {(x, y) for x in (10, 11) for y in range(3, 8)}
    assert np.all(labels == np.array([1, -1]))


def test_a_box_is_that_of_the_mask_a_tenth_of_its_sides_displaced():
    mask = rectangle(8, 4, 24, 28)
    points, labels = jit(jax.vmap(lambda key: draw_box(key, mask)))(KEYS)
    assert np.all(labels == np.array([2, 3]))
    corners = np.asarray(points).reshape(200, 4)
    np.testing.assert_allclose(corners.mean(axis=0), [4, 8, 27, 23], atol=0.6)
    np.testing.assert_allclose(corners[:, [1, 3]].std(axis=0), 0.1 * 16, rtol=0.2)
    assert corners.min() >= 0
    assert corners.max() <= 31
    assert np.all(corners[:, :2] <= corners[:, 2:])


def test_an_object_of_enough_pixels_is_drawn():
    masks = jnp.stack([rectangle(0, 0, 2, 2), rectangle(8, 8, 16, 16), rectangle(20, 0, 30, 9)])
    found = jit(jax.vmap(lambda key: draw_object(key, masks, 20)))(KEYS)
    areas = np.asarray(found).sum(axis=(1, 2))
    assert set(areas.tolist()) == {64, 90}
    assert 60 < np.sum(areas == 64) < 140
    # The largest, where none has as many.
    found = jit(jax.vmap(lambda key: draw_object(key, masks, 100)))(KEYS)
    assert set(np.asarray(found).sum(axis=(1, 2)).tolist()) == {90}


@pytest.mark.parametrize(
    ("estimate", "labels", "rows"),
    [
        # Too little, too much, and all right.
        (rectangle(8, 8, 12, 16), {1}, range(12, 16)),
        (rectangle(8, 8, 20, 16), {0}, range(16, 20)),
        (rectangle(8, 8, 16, 16), {1}, range(8, 16)),
    ],
)
def test_a_correction_lies_where_the_estimate_is_wrong(estimate, labels, rows):
    mask = rectangle(8, 8, 16, 16)
    points, kinds = jit(jax.vmap(lambda key: draw_correction(key, mask, estimate)))(KEYS)
    assert points.shape == (200, 1, 2)
    assert set(np.asarray(kinds).ravel().tolist()) == labels
    assert set(np.asarray(points[:, 0, 1], int).tolist()) == set(rows)


def test_the_least_of_three_losses_is_trained_and_every_quality():
    generator = np.random.default_rng(0)
    logits = generator.standard_normal((2, 1, 3, 6, 6)).astype(np.float32)
    wanted = generator.random((2, 1, 6, 6)) > 0.5
    quality = generator.random((2, 1, 3)).astype(np.float32)
    p = 1 / (1 + np.exp(-logits.astype(np.float64)))
    t = wanted[:, :, None].astype(np.float64)
    # Lin et al.'s focal loss (alpha 1/4, gamma 2), and Dice with a pixel added.
    focal = -0.25 * t * (1 - p) ** 2 * np.log(p) - 0.75 * (1 - t) * p**2 * np.log(1 - p)
    both = 2 * np.sum(p * t, axis=(-2, -1)) + 1
    dice = 1 - both / (np.sum(p, axis=(-2, -1)) + np.sum(t, axis=(-2, -1)) + 1)
    losses = 20 * focal.mean(axis=(-2, -1)) + dice
    found = (logits > 0) & wanted[:, :, None]
    ious = found.sum(axis=(-2, -1)) / ((logits > 0) | wanted[:, :, None]).sum(axis=(-2, -1))
    value = losses.min(axis=-1).mean() + np.mean((quality - ious) ** 2)
    ours, measured = jit(_judged)(logits, quality, wanted)
    assert float(ours) == pytest.approx(value, rel=1e-5)
    np.testing.assert_allclose(measured, ious, atol=1e-6)
    gradient = jit(jax.grad(lambda z: _judged(z, quality, wanted)[0]))(logits)
    moved = np.abs(gradient).max(axis=(-2, -1)) > 0
    np.testing.assert_array_equal(moved, losses == losses.min(axis=-1, keepdims=True))


def test_masks_of_an_index_are_taken():
    values = jnp.arange(2 * 2 * 3).reshape(2, 2, 3)
    assert _chosen(values, jnp.array([[2, 0], [1, 1]])).tolist() == [[2, 3], [7, 10]]
    assert _chosen(values[..., None] * jnp.ones(4), jnp.zeros((2, 2), int)).shape == (2, 2, 4)


def test_prompts_are_drawn_anew_of_each_image(tiny, batch):
    task, _ = tiny
    (image, points, labels), wanted = jit(task.pair)(jax.random.key(0), batch)
    assert image.shape == (4, 16, 16, 3)
    assert points.shape == (4, 4, 2, 2)
    assert wanted.shape == (4, 4, 16, 16)
    for of_image, masks in zip(np.asarray(wanted), np.asarray(batch["masks"]), strict=True):
        assert all(any(np.array_equal(mask, own) for own in masks) for mask in of_image)
    kinds = {tuple(pair) for pair in np.asarray(labels).reshape(-1, 2).tolist()}
    assert kinds == {(1, -1), (2, 3)}


def test_every_parameter_is_trained(tiny, batch):
    task, _ = tiny
    (stage,) = task.stages
    state = jit(lambda key: stage.init(key, batch, None))(jax.random.key(0))

    def loss(params, key):
        value, (_, metrics) = task._loss(params, state.collections, key, batch)
        return value, metrics

    gradient = jit(jax.value_and_grad(loss, has_aux=True))
    largest, params = jax.tree.map(lambda _: 0.0, state.params), state.params
    for step in range(3):
        (_, metrics), grads = gradient(params, jax.random.key(step))
        largest = jax.tree.map(lambda m, g: max(m, float(jnp.abs(g).max())), largest, grads)
        params = jax.tree.map(lambda p, g: p - 1e-3 * jnp.sign(g), params, grads)
    assert {"iou", "oracle_iou", "ranked_right", "corrected_iou"} == set(metrics)
    still = {
        jax.tree_util.keystr(path, simple=True, separator="/")
        for path, size in jax.tree_util.tree_leaves_with_path(largest)
        if size == 0
    }
    # A key's bias moves all logits of a query alike, which softmax doesn't see; of the three masks
    # one that never has the least loss isn't trained.
    heads = [f"network/decoder/mask{index}_" for index in (1, 2, 3)]
    unseen = {head for head in heads if any(name.startswith(head) for name in still)}
    others = {name for name in still if not name.startswith(tuple(unseen))}
    assert len(unseen) < 3
    assert {name for name in others if not name.endswith("key/bias")} == set()


def test_an_embedding_is_asked_as_its_image_is(tiny, batch):
    task, _ = tiny
    (image, points, labels), _ = jit(task.pair)(jax.random.key(0), batch)
    network = jit(task.network.init)(jax.random.key(1), image, points, labels)
    apply = jit(task.apply)
    embedded = apply({"network": network}, {"image": image})
    assert set(embedded) == {"embedding"}
    prompts = {"points": points, "labels": labels}
    whole = apply({"network": network}, {"image": image, **prompts})
    asked = apply({"network": network}, {**embedded, **prompts})
    assert whole["masks"].shape == (4, 4, 3, *task.network.mask_shape)
    for name in ("masks", "quality"):
        np.testing.assert_allclose(asked[name], whole[name], atol=1e-5)
    mask = whole["masks"][:, :, 0]
    corrected = apply({"network": network}, {**embedded, **prompts, "mask": mask})
    assert corrected["masks"].shape == (4, 4, 1, *task.network.mask_shape)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.task.update({"prompts": 0}), r"task\.prompts=0: wanted at least 1"),
        (lambda c: c.task.update({"least_area": 0}), r"task\.least_area=0: wanted at least 1"),
        (lambda c: setattr(c, "model", ConfigDict({"name": "unet"})), r"UNet takes no prompts"),
        (lambda c: c.data.update({"patch_size": 32}), r"image is image of \(32, 32, 3\)"),
        (lambda c: c.validation.update({"images": "shapes:16"}), r"wanted shapes:<pixels a side>"),
        (lambda c: c.validation.update({"images": "shapes:32:3"}), r"image is image of \(32, 32"),
    ],
)
def test_a_config_that_does_not_fit_names_its_key(change, message):
    config = promptable.get_config("tiny")
    with config.unlocked():
        change(config)
    with pytest.raises(ValueError, match=message):
        build_experiment(config)


def test_sets_are_drawn_by_keys_that_no_training_has():
    held_back, test = (data_set(f"{name}:16:1:5") for name in ("shapes", "shapes_test"))
    assert len(held_back) == 5
    assert held_back[0]["image"].shape == (16, 16, 1)
    assert not np.allclose(held_back.arrays["image"], test.arrays["image"])


def oracle(dataset, good, quality):
    """A system that gives the mask which lies under each prompt as the mask at `good`."""
    table = [(item["image"].tobytes(), item["masks"]) for item in dataset]
    known = {image: masks for image, masks in table}

    def apply(inputs):
        shape = (*inputs["points"].shape[:2], 3, *inputs["image"].shape[1:3])
        logits = np.full(shape, -1.0)
        for index, prompt in np.ndindex(shape[:2]):
            masks = known[np.asarray(inputs["image"][index], np.float32).tobytes()]
            x, y = np.asarray(inputs["points"][index, prompt, 0], int)
            (own,) = (mask for mask in masks if mask[y, x])
            logits[index, prompt, good] = np.where(own, 1.0, -1.0)
        return {"masks": logits, "quality": np.broadcast_to(quality, shape[:3])}

    task = build_task(promptable.get_config("tiny"))
    return System("oracle", "none", apply, Origin("fitted"), task.takes, task.gives)


@pytest.mark.parametrize(
    ("quality", "mask_iou", "ranked"), [((0.1, 0.9, 0.3), 1, 1), ((0.9, 0.1, 0.3), 0, 0)]
)
def test_the_protocol_tells_the_best_mask_from_the_one_ranked_first(quality, mask_iou, ranked):
    dataset = data_set("shapes:16:3:8")
    system = oracle(dataset, 1, np.array(quality))
    found = evaluate(system, dataset, PROTOCOLS["prompts_points"]).values
    assert found == {
        "mask_iou": mask_iou,
        "oracle_iou": 1,
        "ranked_right": ranked,
        "ranked_near": ranked,
    }


def test_prompts_of_a_protocol_are_the_same_each_time_but_to_choose_by():
    dataset, protocol = data_set("shapes:16:3:8"), PROTOCOLS["prompts_points"]
    batches = [
        next(iter(p.batches(None, dataset, None, 1)))
        for p in (protocol, protocol, protocol.choosing())
    ]
    points = [batch.inputs["points"] for batch in batches]
    np.testing.assert_array_equal(points[0], points[1])
    assert not np.array_equal(points[0], points[2])
