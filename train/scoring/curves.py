"""Curves drawn without a plotting library: spectra of a few pixels."""

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
