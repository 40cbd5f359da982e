from collections.abc import Collection
from typing import Any

import jax
import jax.numpy as jnp


def check_channels(x: jax.Array, channels: int, model: str) -> None:
    """Raises ValueError unless ``x`` is a real floating-point image ``(..., H, W, channels)``."""
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"{model}: x must be real floating point, in [0, 1], got {x.dtype}")
    if x.ndim < 3 or x.shape[-1] != channels:
        raise ValueError(
            f"{model}: x must be an image of shape (..., H, W, {channels}), got {x.shape}"
        )


def check_images(x: jax.Array, image_shape: tuple[int, int, int], model: str) -> None:
    """Raises ValueError unless ``x`` is real floating point of shape ``(N, *image_shape)``."""
    check_batch(x, "x", image_shape, model)


def check_latent(z: jax.Array, latent: int, model: str) -> None:
    """Raises ValueError unless ``z`` is real floating point ``(N, latent)`` and latent positive."""
    check_at_least(1, model, latent=latent)
    check_batch(z, "z", (latent,), model)


def check_labels(labels: jax.Array | None, classes: int, batch: int, model: str) -> None:
    """Raises ValueError unless ``labels`` are integers, one an image, or None without classes.

    Args:
        labels: the argument to check.
        classes: 0 for a network that takes no labels.
        batch: number of images.
        model: whose argument it is.
    """
    check_at_least(0, model, classes=classes)
    if classes == 0:
        if labels is not None:
            raise ValueError(f"{model}: labels were given, but classes is 0: it takes none")
        return
    if labels is None:
        raise ValueError(f"{model}: labels are missing: it draws {classes} classes")
    if labels.shape != (batch,) or not jnp.issubdtype(labels.dtype, jnp.integer):
        raise ValueError(
            f"{model}: labels must be {batch} integers, got {labels.dtype} of shape {labels.shape}"
        )


def check_at_least(least: int, model: str, **values: int) -> None:
    """Raises ValueError naming the first of ``values`` below ``least``."""
    for name, value in values.items():
        if value < least:
            raise ValueError(f"{model}: {name} must be at least {least}, got {value}")


def check_dropout(rate: float, model: str) -> None:
    """Raises ValueError unless ``rate``, the share that is dropped, is in [0, 1)."""
    if not 0 <= rate < 1:
        raise ValueError(f"{model}: dropout must be in [0, 1), got {rate}")


def check_heads(model: str, width: int, heads: int) -> None:
    """Raises ValueError unless a width is a positive multiple of the heads of attention."""
    if width < 1 or heads < 1 or width % heads:
        raise ValueError(
            f"{model}: heads must divide the width, got {heads} heads at width {width}"
        )


def check_choice(model: str, name: str, value: Any, choices: Collection[Any]) -> None:
    """Raises ValueError unless ``value``, of the field ``name``, is one of ``choices``."""
    if value not in choices:
        raise ValueError(f"{model}: {name} must be one of {tuple(choices)}, got {value!r}")


def check_standardization(
    model: str, means: Collection[float], deviations: Collection[float], target_deviation: float
) -> None:
    """Raises ValueError unless features have a mean and a positive deviation each."""
    if not means or len(means) != len(deviations):
        raise ValueError(
            f"{model}: means and deviations must be as many, one a feature, got {len(means)} and "
            f"{len(deviations)}"
        )
    if not min(*deviations, target_deviation) > 0:
        raise ValueError(
            f"{model}: deviations must be positive, got {tuple(deviations)} and, of the target, "
            f"{target_deviation}"
        )


def check_batch(array: jax.Array, name: str, shape: tuple[int | None, ...], model: str) -> None:
    """Raises ValueError unless the argument ``name`` is real floating point, ``(N, *shape)``.

    An axis of None may have any length.
    """
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise ValueError(f"{model}: {name} must be real floating point, got {array.dtype}")
    fits = array.ndim == len(shape) + 1 and all(
        wanted in (None, length) for wanted, length in zip(shape, array.shape[1:], strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if length is None else str(length) for length in ("N", *shape))
        raise ValueError(f"{model}: {name} must have shape ({wanted}), got {array.shape}")


def check_multiples(x: jax.Array, factor: int, model: str) -> None:
    """Raises ValueError unless ``factor`` divides the height and width of ``x (N, H, W, C)``."""
    check_batch(x, "x", (None, None, None), model)
    if any(side % factor for side in x.shape[1:3]):
        raise ValueError(
            f"{model}: height and width must be multiples of {factor}, got "
            f"{x.shape[1]}x{x.shape[2]}"
        )
