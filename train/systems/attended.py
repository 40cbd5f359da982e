"""Captions drawn beside their pictures, and what each word attended upon them."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from train.data import images

_SIDE, _LINE, _COLUMNS = 112, 18, 8


def attended(picture: np.ndarray, words: list[str], attention: np.ndarray | None) -> np.ndarray:
    """Draws a picture, and a copy for each word that is light where the word was looked for.

    Args:
      picture: (H, W, C) in [0, 1]; one of other channels than 1 or 3 isn't drawn.
      words: of its caption.
      attention: (words or more, h, w), each summing to 1; None leaves the copies out.

    Returns:
      (height, width, 3) uint8.
    """
    tiles = []
    if picture.shape[-1] in (1, 3):
        shown = images.to_rgb(images.from_float(picture))
        square = np.asarray(Image.fromarray(shown).resize((_SIDE, _SIDE)))
        tiles.append((square, ""))
        if attention is not None:
            maps = np.asarray(attention)[: len(words)]
            tiles += [(_lit(square, own), word) for own, word in zip(maps, words, strict=True)]
    rows = -(-len(tiles) // _COLUMNS)
    size = (_COLUMNS * _SIDE, _LINE + rows * (_SIDE + _LINE))
    sheet = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=13)
    pen.text((4, 1), " ".join(words), fill="black", font=font)
    for index, (tile, word) in enumerate(tiles):
        row, column = divmod(index, _COLUMNS)
        place = (column * _SIDE, _LINE + row * (_SIDE + _LINE))
        sheet.paste(Image.fromarray(tile), place)
        pen.text((place[0] + 4, place[1] + _SIDE), word, fill="black", font=font)
    return np.asarray(sheet)


def _lit(square: np.ndarray, attention: np.ndarray) -> np.ndarray:
    """Darkened to a fifth where nothing is attended."""
    share = (attention / max(float(attention.max()), 1e-12)).astype(np.float32)
    light = np.asarray(Image.fromarray(share).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC))
    return np.rint(square * (0.2 + 0.8 * np.clip(light, 0, 1)[..., None])).astype(np.uint8)
