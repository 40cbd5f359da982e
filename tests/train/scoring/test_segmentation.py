"""Scores of masks: overlap, regions, lines, and the grey level that stands beside."""

import numpy as np
import pytest
from scipy.special import logit

from train.data.data_set import DataSet, Stacked
from train.data.fields import Field
from train.data.mask_sets import fields_of_masks
from train.scoring.evaluation import evaluate
from train.scoring.metrics import measure
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system
from train.systems.system import Origin, System

GENERATOR = np.random.default_rng(0)


def set_of(masks, images=None, classes=2):
    """A set of masks of any sizes; images default to what the masks are."""
    if images is None:
        images = [np.repeat(100 * mask, 3, axis=-1) for mask in masks]
    items = [{"image": i, "mask": m} for i, m in zip(images, masks, strict=True)]
    names = [str(n) for n in range(len(items))]
    return DataSet("drawn", fields_of_masks(classes), names, lambda i: items[i])


def giving(logits, classes=1):
    gives = {"logits": Field((None, None, classes), "float32", "scores")}
    return System(
        "made",
        "none",
        lambda inputs: {"logits": logits(inputs["image"])},
        Origin("fitted"),
        gives=gives,
    )


def noisy(images):
    """Right but for every seventh pixel."""
    right = 2 * (images[..., :1] > 0.2) - 1.0
    flipped = np.arange(right[0].size).reshape(right[0].shape) % 7 == 0
    return np.where(flipped, -right, right)


def test_overlap_is_image_by_image_and_over_the_set():
    sizes = [(6, 8), (7, 9), (6, 8)]
    masks = [GENERATOR.integers(0, 2, (*size, 1)).astype(np.uint8) for size in sizes]
    masks[2][:] = 0
    scored = evaluate(giving(noisy), set_of(masks), PROTOCOLS["masks"], batch_size=2)
    ious, right, both, either = [], 0, np.zeros(2), np.zeros(2)
    for mask in masks:
        found = noisy(np.repeat(100 / 255 * mask, 3, -1)[None])[0] > 0
        ious.append((found & (mask == 1)).sum() / (found | (mask == 1)).sum())
        right += (found == (mask == 1)).sum()
        for value in range(2):
            both[value] += ((found == value) & (mask == value)).sum()
            either[value] += ((found == value) | (mask == value)).sum()
    pixels = sum(mask.size for mask in masks)
    assert scored.values == pytest.approx(
        {
            "iou": np.mean(ious),
            "mean_iou": np.mean(both / either),
            "pixel_error": 1 - right / pixels,
        }
    )
    assert [row["iou"] for row in scored.per_item] == pytest.approx(ious)


def test_unlabelled_pixels_of_several_classes_do_not_count():
    mask = np.array([[0, 1, 2], [2, 255, 255]], np.uint8)[..., None]
    one_hot = np.eye(3)[[[0, 1, 1], [2, 0, 1]]]
    scored = evaluate(
        giving(lambda _: one_hot[None], 3), set_of([mask], classes=3), PROTOCOLS["masks"]
    )
    # Classes 0, 1, 2: all right, one of two, one of two.
    assert scored.values == pytest.approx({"mean_iou": (1 + 0.5 + 0.5) / 3, "pixel_error": 0.25})


def test_an_image_without_labels_has_no_score():
    masks = [
        GENERATOR.integers(0, 2, (6, 8, 1)).astype(np.uint8),
        np.full((6, 8, 1), 255, np.uint8),
    ]
    alone = evaluate(giving(noisy), set_of(masks[:1]), PROTOCOLS["masks"])
    images = [np.repeat(100 * (mask == 1), 3, axis=-1) for mask in masks]
    both = evaluate(giving(noisy), set_of(masks, images), PROTOCOLS["masks"])
    assert both.values == alone.values
    assert both.per_item[1] == {"image": "1"}


def test_cells_that_a_leak_joins_are_one():
    mask = np.ones((9, 20, 1), np.uint8)
    mask[:, 10] = 0
    shares = np.where(mask == 1, 0.97, 0.02)
    whole = evaluate(giving(lambda _: logit(shares)[None]), set_of([mask]), PROTOCOLS["regions"])
    assert whole.values["v_rand"] == whole.values["v_info"] == whole.values["border_iou"] == 1
    shares[4, 10] = 0.97
    leaky = evaluate(giving(lambda _: logit(shares)[None]), set_of([mask]), PROTOCOLS["regions"])
    # Cells of 90 and 81 pixels as one: sum of squares over the mean of both sums.
    squares = (90**2 + 81**2) / 171**2
    assert leaky.values["v_rand"] == pytest.approx(squares / (0.5 * squares + 0.5))
    assert leaky.values["border_iou"] == pytest.approx(8 / 9)


def test_lines_within_a_tolerance():
    mask = np.zeros((30, 40, 1), np.uint8)
    mask[10] = 1
    shares = np.full(mask.shape, 0.01)
    shares[13] = 0.7
    scored = evaluate(giving(lambda _: logit(shares)[None]), set_of([mask]), PROTOCOLS["lines"])
    values = scored.values
    assert (values["precision_2px"], values["recall_2px"], values["f1_2px"]) == (0, 0, 0)
    assert (values["precision_5px"], values["recall_5px"], values["f1_5px"]) == (1, 1, 1)


def test_sets_of_one_class_and_of_other_classes_are_refused():
    empty = set_of([np.zeros((4, 4, 1), np.uint8)])
    with pytest.raises(ValueError, match="drawn: all pixels of its masks are of one class"):
        evaluate(giving(noisy), empty, PROTOCOLS["masks"])
    with pytest.raises(ValueError, match=r"mask is class map of 2 classes, .* class map of 3"):
        evaluate(giving(noisy, 3), empty, PROTOCOLS["masks"])


@pytest.mark.parametrize("bright", [True, False])
def test_the_best_grey_level_is_that_of_a_search(bright, monkeypatch):
    images = GENERATOR.integers(0, 256, (3, 10, 11, 1)).astype(np.uint8)
    odds = images / 255 if bright else 1 - images / 255
    masks = (GENERATOR.random(images.shape) < odds**2).astype(np.uint8)
    fields = fields_of_masks(2)
    made = Stacked("drawn", fields, {"image": images.repeat(3, axis=-1), "mask": masks})
    monkeypatch.setattr("train.systems.thresholding.data_set", lambda name: made)
    found = evaluate(system("grey_threshold:drawn"), made, PROTOCOLS["masks"]).values
    side = (lambda t: images >= t) if bright else (lambda t: images < t)
    wanted = min(np.mean(side(t) != masks) for t in range(257))
    assert found["pixel_error"] == pytest.approx(wanted)


def test_the_ratio_of_jin_heeds_neither_scale_nor_shift():
    x = GENERATOR.random((2, 9, 9, 1))
    noise = GENERATOR.normal(size=x.shape)
    # Noise that no scale and shift of the estimate can take away.
    for image, part in zip(x, noise, strict=True):
        basis = np.linalg.qr(np.stack([image.ravel(), np.ones(81)], 1))[0]
        part -= (basis @ (basis.T @ part.ravel())).reshape(part.shape)
        part *= 0.1 * np.linalg.norm(image) / np.linalg.norm(part)
    exact = measure(("regressed_snr",), x, 3 * x - 0.2, 0)["regressed_snr"]
    assert (exact > 200).all()
    # With the noise in the reference the residual is the noise itself: 20 dB of the image below.
    found = measure(("regressed_snr",), x + noise, 0.5 * x + 1, 0)["regressed_snr"]
    wanted = 10 * np.log10(
        np.sum((x + noise) ** 2, axis=(1, 2, 3)) / np.sum(noise**2, axis=(1, 2, 3))
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
