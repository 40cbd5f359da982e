"""Curves and points drawn without a plotting library."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_WIDTH, _HEIGHT, _MARGIN, _TITLE = 260, 180, 12, 22
_INKS = ((190, 190, 190), (0, 90, 220), (0, 0, 0), (220, 80, 0))


def curves(panels: Sequence[tuple[str, Mapping[str, np.ndarray]]]) -> np.ndarray:
    """Draws panels side by side, each of a few curves over the same places.

    Args:
      panels: (title, {name: (N,) values}), as many curves in each; at most four.

    Returns:
      (height, width, 3) uint8; curves share the range of all values, which stands at the left.
    """
    values = np.stack([np.stack([*named.values()]) for _, named in panels])
    low, high = float(values.min()), float(values.max())
    sheet = Image.new(
        "RGB",
        (len(panels) * (_WIDTH + _MARGIN) + _MARGIN, _HEIGHT + 2 * _TITLE + 2 * _MARGIN),
        "white",
    )
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=13)
    for panel, (title, named) in enumerate(panels):
        left, top = _MARGIN + panel * (_WIDTH + _MARGIN), _TITLE + _MARGIN
        pen.rectangle((left, top, left + _WIDTH, top + _HEIGHT), outline=(120, 120, 120))
        pen.text((left, _MARGIN // 2), title, fill="black", font=font)
        for ink, (name, curve) in zip(_INKS, named.items(), strict=False):
            across = left + np.linspace(0, _WIDTH, len(curve))
            up = (curve - low) / (high - low if high > low else 1)
            points = zip(across.tolist(), (top + _HEIGHT * (1 - up)).tolist(), strict=True)
            pen.line([*points], fill=ink, width=2)
            below = left + _WIDTH * list(named).index(name) / len(named)
            pen.text((below, top + _HEIGHT + 4), name, fill=ink, font=font)
    pen.text((_MARGIN + 4, _TITLE + _MARGIN + 2), f"{high:.2f}", fill="black", font=font)
    pen.text((_MARGIN + 4, _TITLE + _MARGIN + _HEIGHT - 16), f"{low:.2f}", fill="black", font=font)
    return np.asarray(sheet)


def scatter(x: Sequence[float | str], y: Sequence[float]) -> np.ndarray:
    """Draws a point for each pair; words stand side by side, numbers by their size.

    Positive numbers that span more than a factor of 30 are drawn by their logarithms.

    Returns:
      (height, width, 3) uint8; the ends of both ranges are written beside them.
    """
    names = sorted({value for value in x if isinstance(value, str)})
    across = np.array([names.index(value) if names else value for value in x], np.float64)
    ends = [names[0], names[-1]] if names else [f"{np.min(across):.3g}", f"{np.max(across):.3g}"]
    if across.min() > 0 and across.max() > 30 * across.min():
        across = np.log(across)
    sheet = Image.new("RGB", (_WIDTH + 2 * _MARGIN, _HEIGHT + 2 * (_TITLE + _MARGIN)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=13)
    top, bottom = _TITLE + _MARGIN, _TITLE + _MARGIN + _HEIGHT
    pen.rectangle((_MARGIN, top, _MARGIN + _WIDTH, bottom), outline=(120, 120, 120))
    up = np.asarray(y, np.float64)
    for a, b in zip(_share(across), _share(up), strict=True):
        left, above = _MARGIN + 8 + a * (_WIDTH - 16), bottom - 8 - b * (_HEIGHT - 16)
        pen.ellipse((left - 4, above - 4, left + 4, above + 4), fill=_INKS[1])
    pen.text((_MARGIN, 4), f"{up.max():.4g}", fill="black", font=font)
    pen.text((_MARGIN, 18), f"{up.min():.4g}", fill=_INKS[0], font=font)
    pen.text((_MARGIN, bottom + 6), ends[0], fill="black", font=font)
    pen.text((_MARGIN + _WIDTH, bottom + 6), ends[1], fill="black", font=font, anchor="ra")
    return np.asarray(sheet)


def _share(values: np.ndarray) -> np.ndarray:
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.full(len(values), 0.5)
