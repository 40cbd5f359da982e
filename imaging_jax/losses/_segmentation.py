"""Objectives of masks and class maps; logits throughout, which keeps logarithms finite."""

import jax
import jax.numpy as jnp

from imaging_jax.losses._pixel import check_shapes


def binary_nll(logits: jax.Array, target: jax.Array) -> jax.Array:
    """Negative log-likelihood of a mask, averaged over all pixels, in nats.

    Summed over each image instead, as some papers print it, it is `binary_cross_entropy`.

    Args:
      logits: any shape, of the probability that a pixel is 1.
      target: the same shape, in [0, 1].

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: where the shapes differ.
    """
    check_shapes(logits, target)
    return jnp.mean(jax.nn.softplus(logits) - target * logits)


def soft_jaccard_loss(logits: jax.Array, target: jax.Array, epsilon: float = 1.0) -> jax.Array:
    """One minus the Jaccard index of each image by its probabilities, and the mean over the images.

    ``1 - (⟨p, q⟩ + ε) / (‖p‖₁ + ‖q‖₁ - ⟨p, q⟩ + ε)`` of the mask p and the probabilities q: of
    probabilities 0 and 1 without ε it is the index itself. By image, because large objects would
    hide small ones in sums over a batch.

    Args:
      logits: ``(N, ...)``, of the probability that a pixel is 1.
      target: the same shape, in [0, 1].
      epsilon: in pixels, at least 0; with it an empty mask that is predicted empty has no loss,
        without it an empty mask has no gradient.

    Returns:
      A scalar in [0, 1].

    Raises:
      ValueError: where the shapes differ or aren't of a batch.

    Source: Rahman, Wang, "Optimizing Intersection-Over-Union in Deep Neural Networks for Image
    Segmentation", ISVC 2016.
    """
    common, total = _overlap(logits, target)
    return jnp.mean(1 - (common + epsilon) / (total - common + epsilon))


def dice_loss(logits: jax.Array, target: jax.Array, epsilon: float = 1.0) -> jax.Array:
    """One minus the Dice index of each image by its probabilities, and the mean over the images.

    ``1 - (2 ⟨p, q⟩ + ε) / (‖p‖₁ + ‖q‖₁ + ε)`` of the mask p and the probabilities q.

    Args:
      logits: ``(N, ...)``, of the probability that a pixel is 1.
      target: the same shape, in [0, 1].
      epsilon: as of `soft_jaccard_loss`.

    Returns:
      A scalar in [0, 1].

    Raises:
      ValueError: where the shapes differ or aren't of a batch.

    Source: Milletari, Navab, Ahmadi, "V-Net: Fully Convolutional Neural Networks for Volumetric
    Medical Image Segmentation", 3DV 2016, section 3, whose denominator has squares.
    """
    common, total = _overlap(logits, target)
    return jnp.mean(1 - (2 * common + epsilon) / (total + epsilon))


def focal_loss(
    logits: jax.Array, target: jax.Array, alpha: float = 0.25, gamma: float = 2.0
) -> jax.Array:
    """Negative log-likelihood that counts pixels less the better they are told already.

    ``-α (1 - p)^γ log p`` averaged over all pixels, p the probability of what a pixel is; α is
    that of pixels that are 1, and one minus it that of the others. Half the negative
    log-likelihood at γ = 0 and α = 1/2.

    Args:
      logits: any shape, of the probability that a pixel is 1.
      target: the same shape, of 0 and 1.
      alpha: in [0, 1].
      gamma: at least 0.

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: where the shapes differ.

    Source: Lin, Goyal, Girshick, He, Dollár, "Focal Loss for Dense Object Detection", ICCV 2017,
    equation 5; there it is divided by the number of objects.
    """
    check_shapes(logits, target)
    margin = _margin(logits, target)
    weight = alpha * target + (1 - alpha) * (1 - target)
    # By logarithms, as the power's own gradient at 0 is infinite for an exponent below 1.
    modulation = jnp.exp(gamma * jax.nn.log_sigmoid(-margin))
    return jnp.mean(-weight * modulation * jax.nn.log_sigmoid(margin))


def lovasz_hinge(logits: jax.Array, target: jax.Array) -> jax.Array:
    """The convex extension of each image's Jaccard loss to hinge errors, and its mean.

    Errors ``1 - z`` of pixels that are 1 and ``1 + z`` of the others are sorted; each weighs as
    much as the Jaccard loss rises when its pixel is added to those of larger errors.

    Args:
      logits: ``(N, ...)``; the mask that is meant is where they are positive.
      target: the same shape, of 0 and 1.

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: where the shapes differ or aren't of a batch.

    Source: Berman, Triki, Blaschko, "The Lovász-Softmax Loss: A Tractable Surrogate for the
    Optimization of the Intersection-Over-Union Measure in Neural Networks", CVPR 2018, algorithm 1.
    """
    logits, target = _by_image(logits, target)
    errors = 1 - _margin(logits, target)
    order = jnp.argsort(-errors, axis=1)
    errors, target = (jnp.take_along_axis(x, order, axis=1) for x in (errors, target))
    marked = jnp.sum(target, axis=1, keepdims=True)
    common = marked - jnp.cumsum(target, axis=1)
    union = marked + jnp.cumsum(1 - target, axis=1)
    weights = jnp.diff(1 - common / union, axis=1, prepend=0.0)
    return jnp.mean(jnp.sum(jax.nn.relu(errors) * weights, axis=1))


def weighted_cross_entropy(logits: jax.Array, labels: jax.Array, weights: jax.Array) -> jax.Array:
    """Cross-entropy of class maps, each pixel by its weight, averaged over all pixels, in nats.

    Args:
      logits: ``(..., H, W, classes)``.
      labels: ``(..., H, W)``, integers below the number of classes.
      weights: ``(..., H, W)``, at least 0, as `border_weights` makes them.

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: where the shapes don't fit or labels aren't integers.

    Source: Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image
    Segmentation", MICCAI 2015, equation 1, which sums.
    """
    if labels.shape != logits.shape[:-1] or weights.shape != logits.shape[:-1]:
        raise ValueError(
            f"labels, weights: expected the shape of logits {logits.shape} without its classes, "
            f"got {labels.shape} and {weights.shape}"
        )
    if not jnp.issubdtype(labels.dtype, jnp.integer):
        raise ValueError(f"labels: expected integers, got {labels.dtype}")
    own = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[..., None], axis=-1)[..., 0]
    return -jnp.mean(weights * own)


def _margin(logits, target):
    """By how much a pixel's logit is on the right side of 0."""
    return (2 * target - 1) * logits


def _overlap(logits, target):
    """Of each image, the probability within the mask, and that of both together."""
    logits, target = _by_image(logits, target)
    probabilities = jax.nn.sigmoid(logits)
    common = jnp.sum(probabilities * target, axis=1)
    return common, jnp.sum(probabilities, axis=1) + jnp.sum(target, axis=1)


def _by_image(logits, target):
    check_shapes(logits, target)
    if logits.ndim < 2:
        raise ValueError(f"logits: expected shape (N, ...), got {logits.shape}")
    # Masks may come as booleans.
    return (x.reshape(len(x), -1) for x in (logits, target.astype(logits.dtype)))
