"""Comparison pictures: rows of images with titles and a zoomed crop."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_MARGIN, _TITLE = 8, 22
# Dark blue, blue, green, light green, yellow: lightness rises all along.
_COLOURS = np.array(
    [(45, 10, 90), (55, 80, 150), (30, 145, 140), (110, 200, 90), (250, 230, 60)], np.float64
)


def comparison(columns: list[tuple[str, np.ndarray]], crop: tuple[int, int, int]) -> np.ndarray:
    """Draws titled images side by side, and below each a crop enlarged to the column's width.

    Args:
      columns: (title, (H, W, 3) uint8) all of one size.
      crop: top, left and side of the square that is enlarged, in pixels.

    Returns:
      (height, width, 3) uint8.
    """
    height, width, _ = columns[0][1].shape
    top, left, side = crop
    sheet = Image.new(
        "RGB",
        (len(columns) * (width + _MARGIN) + _MARGIN, height + width + _TITLE + 3 * _MARGIN),
        "white",
    )
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=15)
    for index, (title, image) in enumerate(columns):
        x = _MARGIN + index * (width + _MARGIN)
        y = _TITLE + _MARGIN
        pen.text((x, _MARGIN // 2), title, fill="black", font=font)
        sheet.paste(Image.fromarray(image), (x, y))
        frame = (x + left, y + top, x + left + side, y + top + side)
        zoomed = sheet.crop(frame).resize((width, width), Image.Resampling.NEAREST)
        sheet.paste(zoomed, (x, y + height + _MARGIN))
        pen.rectangle(frame, outline=(255, 80, 0), width=2)
    return np.asarray(sheet)


def enlarge(image: np.ndarray, scale: int) -> np.ndarray:
    """Repeats pixels, so that a low-resolution image can stand beside the others."""
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


def in_colours(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Paints numbers (H, W) from dark blue, at `low`, to yellow: (H, W, 3) uint8."""
    place = (values - low) / (high - low if high > low else 1)
    known = np.linspace(0, 1, len(_COLOURS))
    channels = [np.interp(place, known, channel) for channel in _COLOURS.T]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def busiest_square(image: np.ndarray, side: int) -> tuple[int, int, int]:
    """Finds the (top, left, side) square with the most gradient: where methods differ."""
    grey = image.astype(np.float64).mean(axis=-1)
    energy = np.abs(np.diff(grey, axis=0))[:, :-1] + np.abs(np.diff(grey, axis=1))[:-1]
    sums = np.pad(energy, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    # A square of `side` pixels holds side - 1 differences a row and column.
    upper, lower = sums[: image.shape[0] - side + 1], sums[side - 1 :]
    strips = lower - upper
    boxes = strips[:, side - 1 :] - strips[:, : image.shape[1] - side + 1]
    top, left = np.unravel_index(np.argmax(boxes), boxes.shape)
    return int(top), int(left), side


def grid(shown: np.ndarray, columns: int) -> np.ndarray:
    """Puts images (N, H, W, C) side by side in rows of `columns`, two white pixels between them."""
    rows = -(-len(shown) // columns)
    missing = rows * columns - len(shown)
    padded = np.pad(
        shown, [(0, missing), (0, 2), (0, 2), (0, 0)], constant_values=shown.dtype.type(1)
    )
    height, width, channels = padded.shape[1:]
    sheet = padded.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return sheet.reshape(rows * height, columns * width, channels)[:-2, :-2]


def confusion(matrix: np.ndarray, classes: list[str]) -> np.ndarray:
    """Draws how often images of one class (rows) were found to be of another (columns).

    Args:
      matrix: (classes, classes) counts.
      classes: their names.

    Returns:
      (height, width, 3) uint8; the darker a square, the larger its share of the row.
    """
    cell, side = 44, 44 * len(classes)
    sheet = Image.new("RGB", (side + 2 * cell, side + 2 * cell), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=13)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    for row, name in enumerate(classes):
        edge = cell * (row + 1)
        pen.text((cell / 2, edge + cell / 2), name[:6], fill="black", font=font, anchor="mm")
        pen.text((edge + cell / 2, cell / 2), name[:6], fill="black", font=font, anchor="mm")
        for column in range(len(classes)):
            left, share = cell * (column + 1), shares[row, column]
            # Errors are rare: by the root of their share they show.
            level = round(255 * (1 - share**0.5))
            box = (left, edge, left + cell - 2, edge + cell - 2)
            pen.rectangle(box, fill=(level, level, 255))
            ink = "white" if level < 128 else "black"
            middle = (left + cell / 2, edge + cell / 2)
            text = str(matrix[row, column]) if matrix[row, column] else ""
            pen.text(middle, text, fill=ink, font=font, anchor="mm")
    return np.asarray(sheet)


def coloured_text(text: str, bits: np.ndarray) -> np.ndarray:
    """Draws a text on a grid, behind every character how many bits it took.

    Args:
      text: at most its first 2,000 characters are drawn.
      bits: one a character; 8 and more are drawn in full red.

    Returns:
      (height, width, 3) uint8.
    """
    columns, wide, high = 80, 9, 18
    cells, row, column = [], 0, 0
    for character, cost in zip(text[:2_000], bits, strict=False):
        cells.append((row, column, character, cost))
        column += 1
        if character == "\n" or column == columns:
            row, column = row + 1, 0
    sheet = Image.new("RGB", (columns * wide, (row + 1) * high), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=13)
    for row, column, character, cost in cells:
        level = round(255 * (1 - min(cost / 8, 1)))
        left, top = column * wide, row * high
        pen.rectangle((left, top, left + wide - 1, top + high - 1), fill=(255, level, level))
        middle = (left + wide / 2, top + high / 2)
        pen.text(middle, character.strip(), fill="black", font=font, anchor="mm")
    return np.asarray(sheet)
