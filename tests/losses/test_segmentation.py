"""Objectives of masks: figures by hand, and second writings by loops."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from imaging_jax.losses import (
    binary_cross_entropy,
    binary_nll,
    border_weights,
    dice_loss,
    focal_loss,
    lovasz_hinge,
    soft_jaccard_loss,
    weighted_cross_entropy,
)

# A mask of two pixels, and the probabilities that it is told with.
MASK = jnp.array([[1.0, 1.0, 0.0, 0.0]])
PROBABILITIES = jnp.array([[0.9, 0.6, 0.2, 0.1]])
LOGITS = jnp.log(PROBABILITIES) - jnp.log1p(-PROBABILITIES)
OF_MASKS = [binary_nll, soft_jaccard_loss, dice_loss, focal_loss, lovasz_hinge]


def test_figures_of_four_pixels():
    # -ln(0.9 · 0.6 · 0.8 · 0.9), and its quarter.
    assert float(binary_cross_entropy(LOGITS, MASK)) == pytest.approx(0.944690, abs=1e-6)
    assert float(binary_nll(LOGITS, MASK)) == pytest.approx(0.236173, abs=1e-6)
    # ⟨p, q⟩ = 1.5 of ‖p‖ = 2 and ‖q‖ = 1.8: J = 1.5 / 2.3, Dice = 3 / 3.8.
    assert float(soft_jaccard_loss(LOGITS, MASK, 0.0)) == pytest.approx(1 - 0.652174, abs=1e-6)
    assert float(soft_jaccard_loss(LOGITS, MASK)) == pytest.approx(1 - 2.5 / 3.3, abs=1e-6)
    assert float(dice_loss(LOGITS, MASK, 0.0)) == pytest.approx(1 - 0.789474, abs=1e-6)
    assert float(dice_loss(LOGITS, MASK)) == pytest.approx(1 - 4 / 4.8, abs=1e-6)


def test_gradient_of_the_jaccard_index_by_probabilities():
    # dJ/dq is 1 / U in the mask and -I / U² outside; a logit moves its probability by q (1 - q).
    found = -jax.grad(soft_jaccard_loss)(LOGITS, MASK, 0.0) / (PROBABILITIES * (1 - PROBABILITIES))
    np.testing.assert_allclose(found, [[0.434783, 0.434783, -0.283554, -0.283554]], atol=1e-5)


def test_focal_loss_is_its_formula():
    terms = [
        0.3 * (1 - q) ** 1.5 * -np.log(q) if p else 0.7 * q**1.5 * -np.log(1 - q)
        for p, q in zip(MASK[0], np.asarray(PROBABILITIES[0]), strict=True)
    ]
    assert float(focal_loss(LOGITS, MASK, 0.3, 1.5)) == pytest.approx(np.mean(terms), rel=1e-5)
    half = float(focal_loss(LOGITS, MASK, 0.5, 0.0))
    assert half == pytest.approx(0.5 * float(binary_nll(LOGITS, MASK)), rel=1e-5)


def jaccard_loss(wrong, mask):
    """1 - |A ∩ B| / |A ∪ B| of the mask A and B, which differs from it where ``wrong``."""
    other = mask ^ wrong
    union = np.sum(mask | other)
    return 1 - np.sum(mask & other) / union if union else 0.0


def test_lovasz_hinge_is_the_extension_of_the_jaccard_loss():
    # Bach, "Learning with Submodular Functions", 2013, proposition 3.1: the extension at
    # errors m ≥ 0 is the integral over t of the loss of the pixels whose error exceeds t.
    generator = np.random.default_rng(0)
    masks = generator.random((4, 7)) < np.array([0, 0.3, 0.6, 1])[:, None]
    logits = 2 * generator.standard_normal(masks.shape)
    wanted = []
    for mask, row in zip(masks, logits, strict=True):
        errors = np.maximum(0, 1 - np.where(mask, row, -row))
        levels = np.unique([0, *errors])
        wanted.append(
            sum((b - a) * jaccard_loss(errors > a, mask) for a, b in itertools.pairwise(levels))
        )
    found = lovasz_hinge(jnp.asarray(logits), jnp.asarray(masks, jnp.float32))
    assert float(found) == pytest.approx(np.mean(wanted), rel=1e-5)


def test_lovasz_hinge_of_sure_logits_is_the_jaccard_loss():
    # Errors are 0 where a logit of size 1 is right, and 2 where it is wrong.
    for wrong in itertools.product([False, True], repeat=4):
        mask = np.asarray(MASK[0]) > 0
        logits = jnp.where(mask ^ np.array(wrong), 1.0, -1.0)[None]
        wanted = 2 * jaccard_loss(np.array(wrong), mask)
        assert float(lovasz_hinge(logits, MASK)) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("loss", OF_MASKS)
def test_certain_logits_are_finite_and_descent_finds_the_mask(loss):
    for size in (1e4, -1e4):
        value, gradient = jax.value_and_grad(loss)(size * (2 * MASK - 1), MASK)
        assert np.isfinite(value)
        assert np.all(np.isfinite(gradient))
    assert float(loss(1e4 * (2 * MASK - 1), MASK)) == pytest.approx(0, abs=1e-6)
    logits = jnp.zeros((1, 4))
    for _ in range(40):
        logits = logits - 1.0 * jax.grad(loss)(logits, MASK)
    np.testing.assert_array_equal(logits > 0, MASK > 0)


@pytest.mark.parametrize("loss", [soft_jaccard_loss, dice_loss, lovasz_hinge])
def test_images_count_alike_whatever_their_objects_size(loss):
    generator = np.random.default_rng(1)
    logits = jnp.asarray(generator.standard_normal((2, 3, 4, 1)), jnp.float32)
    mask = jnp.asarray(generator.random((2, 3, 4, 1)) < [[[[0.1]]], [[[0.9]]]], jnp.float32)
    apart = [float(loss(logits[i : i + 1], mask[i : i + 1])) for i in range(2)]
    assert float(loss(logits, mask)) == pytest.approx(np.mean(apart), rel=1e-5)
    assert float(loss(logits, mask > 0)) == pytest.approx(np.mean(apart), rel=1e-5)


def test_empty_masks_are_pushed_down():
    for loss in (soft_jaccard_loss, dice_loss, lovasz_hinge):
        assert np.any(jax.grad(loss)(jnp.zeros((1, 4)), jnp.zeros((1, 4))) > 0)


def test_weighted_cross_entropy():
    generator = np.random.default_rng(2)
    logits = generator.standard_normal((2, 3, 4, 5)).astype(np.float32)
    labels, weights = generator.integers(0, 5, (2, 3, 4)), generator.random((2, 3, 4))
    terms = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    found = weighted_cross_entropy(jnp.asarray(logits), jnp.asarray(labels), jnp.asarray(weights))
    assert float(found) == pytest.approx(float(np.mean(weights * terms)), rel=1e-5)


def test_border_weights_are_those_of_loops():
    labels = np.zeros((9, 12), np.uint8)
    labels[1:4, 1:5], labels[2:5, 6:9], labels[6:, 2:11] = 1, 4, 7
    wanted = np.zeros(labels.shape)
    for place in np.ndindex(labels.shape):
        distances = sorted(
            min(np.hypot(*np.subtract(place, other)) for other in np.argwhere(labels == number))
            for number in (1, 4, 7)
        )
        wanted[place] = labels.size / (2 * np.sum((labels > 0) == (labels[place] > 0)))
        if labels[place] == 0:
            wanted[place] += 6 * np.exp(-(sum(distances[:2]) ** 2) / (2 * 1.5**2))
    found = border_weights(labels, 6.0, 1.5)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_border_weights_far_apart_and_of_few_cells():
    labels = np.zeros((20, 400), np.int32)
    np.testing.assert_array_equal(border_weights(labels), 1)
    labels[:, :200] = 1
    np.testing.assert_array_equal(border_weights(labels), 1)
    # The formula where windows of cells end, in the middle between two of them.
    labels[:] = 0
    labels[:, 0], labels[:, 60] = 1, 2
    class_weight = labels.size / (2 * np.sum(labels == 0))
    np.testing.assert_allclose(border_weights(labels)[:, 30], class_weight, atol=1e-6)
    labels[:, 6] = 3
    wanted = labels.size / (2 * np.sum(labels == 0)) + 10 * np.exp(-(6**2) / 50)
    np.testing.assert_allclose(border_weights(labels)[:, 3], wanted, rtol=1e-6)


@pytest.mark.parametrize("loss", OF_MASKS)
def test_shapes_that_differ_are_refused(loss):
    with pytest.raises(ValueError, match="expected the shape of prediction"):
        loss(jnp.zeros((2, 3, 3, 1)), jnp.zeros((2, 3, 3)))


def test_wrong_input():
    for loss in (soft_jaccard_loss, dice_loss, lovasz_hinge):
        with pytest.raises(ValueError, match=r"logits: expected shape \(N, ...\), got \(3,\)"):
            loss(jnp.zeros(3), jnp.zeros(3))
    labels = jnp.zeros((2, 3), int)
    with pytest.raises(ValueError, match=r"labels, weights: .* got \(2, 3\) and \(3, 2\)"):
        weighted_cross_entropy(jnp.zeros((2, 3, 4)), labels, jnp.zeros((3, 2)))
    with pytest.raises(ValueError, match="labels: expected integers, got float32"):
        weighted_cross_entropy(jnp.zeros((2, 3, 4)), jnp.zeros((2, 3)), jnp.zeros((2, 3)))
    with pytest.raises(ValueError, match="labels: expected integers"):
        border_weights(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="sigma: expected a positive number, got 0"):
        border_weights(np.zeros((3, 3), int), sigma=0)
