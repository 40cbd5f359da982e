import math

import numpy as np
from scipy import ndimage

# Standard deviations beyond which a border's weight is below 2e-8 of its largest.
_REACH = 6


def border_weights(labels: np.ndarray, w0: float = 10.0, sigma: float = 5.0) -> np.ndarray:
    """The weights of the U-Net's loss: both classes alike, and more where two cells nearly touch.

    ``w_c + w0 exp(-(d₁ + d₂)² / (2 σ²))``, with d₁ and d₂ the distances to the two nearest cells.
    The second term is of the background alone, where those distances are positive. ``w_c`` is half
    the number of pixels over that of the pixel's class, of which the mean is 1; the paper doesn't
    say how it balances them.

    Args:
      labels: ``(H, W)``, integers, a number of its own for each cell, 0 for the background.
      w0: weight of a border, at least 0.
      sigma: its width, in pixels; positive.

    Returns:
      ``(H, W)``, float32.

    Raises:
      ValueError: on anything but a map of integers that aren't negative, or a sigma that isn't
        positive.

    Source: Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image
    Segmentation", MICCAI 2015, equation 2.
    """
    labels = np.asarray(labels)
    if labels.ndim != 2 or not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0:
        raise ValueError(
            f"labels: expected integers (H, W), 0 or above, got {labels.dtype} of {labels.shape}"
        )
    if not sigma > 0:
        raise ValueError(f"sigma: expected a positive number, got {sigma}")
    first, second = _two_nearest(labels, math.ceil(_REACH * sigma))
    borders = w0 * np.exp(-((first + second) ** 2) / (2 * sigma**2))
    background = labels == 0
    return (_class_weights(background) + borders * background).astype(np.float32)


def _class_weights(mask):
    weights = np.ones(mask.shape)
    if mask.any() and not mask.all():
        for side in (mask, ~mask):
            weights[side] = mask.size / (2 * side.sum())
    return weights


def _two_nearest(labels, reach):
    """Distances to the nearest and the second nearest cell, infinite beyond the reach."""
    nearest = np.full((2, *labels.shape), np.inf)
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        if box is None:
            continue
        around = tuple(slice(max(0, s.start - reach), s.stop + reach) for s in box)
        distance = ndimage.distance_transform_edt(labels[around] != number)
        window = nearest[:, *around]
        window[1] = np.minimum(window[1], np.maximum(window[0], distance))
        window[0] = np.minimum(window[0], distance)
    return nearest
