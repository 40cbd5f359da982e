"""Prompts drawn upon pictures."""

import numpy as np
from PIL import Image, ImageDraw

from imaging_jax.models.segmentation import FIRST_CORNER, FOREGROUND, PADDING

_FOREGROUND, _BACKGROUND, _BOX = (40, 220, 60), (235, 40, 40), (255, 200, 0)


def prompted(
    picture: np.ndarray, points: np.ndarray, labels: np.ndarray, scale: float = 1
) -> np.ndarray:
    """Draws a prompt on a picture (H, W, 3) uint8.

    Args:
      picture: enlarged by `scale`.
      points: (P, 2), x and y in pixels before; a box is its two corners, one after the other.
      labels: (P,), see `imaging_jax.models.segmentation.SAM`: green points are of what is meant,
        red ones aren't, a box is yellow.
      scale: pixels of the picture a pixel of the points.
    """
    sheet = Image.fromarray(picture)
    pen = ImageDraw.Draw(sheet)
    places = (np.asarray(points) + 0.5) * scale
    radius = max(2.0, min(picture.shape[:2]) / 60)
    for index, (place, label) in enumerate(zip(places, labels, strict=True)):
        if label == FIRST_CORNER:
            pen.rectangle((*place, *places[index + 1]), outline=_BOX, width=max(1, int(radius / 2)))
        elif label != PADDING and label <= FOREGROUND:
            ink = _FOREGROUND if label == FOREGROUND else _BACKGROUND
            pen.ellipse((*(place - radius), *(place + radius)), fill=ink, outline="white")
    return np.asarray(sheet)
