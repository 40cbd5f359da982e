import jax
import jax.numpy as jnp
import numpy as np


def iou(reference: jax.Array, estimate: jax.Array) -> jax.Array:
    """Intersection over union of two masks, the Jaccard index; larger is better.

    Args:
      reference: ``(..., H, W)``, boolean.
      estimate: the same shape.

    Returns:
      ``(...)`` in [0, 1]; 1 where both masks are empty.

    Raises:
      ValueError: where the shapes differ or the masks aren't boolean.
    """
    _check_masks(reference, estimate)
    common = jnp.sum(reference & estimate, axis=(-2, -1))
    union = jnp.sum(reference | estimate, axis=(-2, -1))
    return jnp.where(union > 0, common / jnp.maximum(union, 1), 1.0)


def pixel_error(reference: jax.Array, estimate: jax.Array) -> jax.Array:
    """Share of the pixels at which two masks differ; smaller is better.

    Args:
      reference: ``(..., H, W)``, boolean.
      estimate: the same shape.

    Returns:
      ``(...)`` in [0, 1].

    Raises:
      ValueError: where the shapes differ or the masks aren't boolean.
    """
    _check_masks(reference, estimate)
    return jnp.mean(reference != estimate, axis=(-2, -1))


def confusion_matrix(reference: jax.Array, estimate: jax.Array, classes: int) -> jax.Array:
    """How many pixels of each class are told as each class; those of several batches add up.

    Args:
      reference: class maps of any shape, integers; pixels outside ``0 ... classes - 1`` don't
        count, as the unlabelled ones of most sets.
      estimate: the same shape, integers in that range.
      classes: number of classes, at least 1.

    Returns:
      ``(classes, classes)`` integers, a row for each class of the reference.

    Raises:
      ValueError: where the shapes differ, the maps aren't integers, or there are no classes.
    """
    if np.shape(reference) != np.shape(estimate):
        raise ValueError(
            f"estimate: expected the shape of reference {np.shape(reference)}, "
            f"got {np.shape(estimate)}"
        )
    if classes < 1:
        raise ValueError(f"classes: expected at least 1, got {classes}")
    for name, labels in (("reference", reference), ("estimate", estimate)):
        if not jnp.issubdtype(labels.dtype, jnp.integer):
            raise ValueError(f"{name}: expected integers, got {labels.dtype}")
    # Bytes would overflow.
    reference, estimate = (jnp.asarray(labels, jnp.int32) for labels in (reference, estimate))
    counts = (reference >= 0) & (reference < classes)
    place = jnp.where(counts, reference * classes + estimate, classes**2)
    return jnp.bincount(place.ravel(), length=classes**2 + 1)[:-1].reshape(classes, classes)


def class_iou(confusion: jax.Array) -> jax.Array:
    """Intersection over union of each class over a whole set; larger is better.

    Args:
      confusion: ``(classes, classes)``, of `confusion_matrix`, added over the set.

    Returns:
      ``(classes,)`` in [0, 1]; NaN for a class that is neither there nor told.

    Raises:
      ValueError: where it isn't a square matrix.
    """
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise ValueError(f"confusion: expected a square matrix, got {confusion.shape}")
    common = jnp.diagonal(confusion)
    union = jnp.sum(confusion, axis=0) + jnp.sum(confusion, axis=1) - common
    return jnp.where(union > 0, common / jnp.maximum(union, 1), jnp.nan)


def mean_iou(confusion: jax.Array) -> jax.Array:
    """The mean of `class_iou` over the classes that are there or told; larger is better.

    Args:
      confusion: ``(classes, classes)``, of `confusion_matrix`, added over the set.

    Returns:
      A scalar in [0, 1].

    Raises:
      ValueError: where it isn't a square matrix.

    Source: Everingham, Van Gool, Williams, Winn, Zisserman, "The Pascal Visual Object Classes
    (VOC) Challenge", IJCV 88(2), 2010, section 4.2.
    """
    return jnp.nanmean(class_iou(confusion))


def _check_masks(reference, estimate):
    if np.shape(reference) != np.shape(estimate) or np.ndim(reference) < 2:
        raise ValueError(
            "expected two masks of one shape (..., H, W), got "
            f"{np.shape(reference)} and {np.shape(estimate)}"
        )
    for name, mask in (("reference", reference), ("estimate", estimate)):
        if mask.dtype != bool:
            raise ValueError(f"{name}: expected booleans, got {mask.dtype}")
