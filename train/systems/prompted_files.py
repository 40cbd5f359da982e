"""Users' pictures segmented by prompts: points and a box, as the command line gives them."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from imaging_jax.models.segmentation import (
    BACKGROUND,
    FIRST_CORNER,
    FOREGROUND,
    PADDING,
    SECOND_CORNER,
    padding_colour,
)
from train.config.console import say
from train.data import images
from train.systems import overlays
from train.systems.outputs import SOFTWARE
from train.systems.segmented_files import overlay_of
from train.systems.system import System


@dataclass(frozen=True)
class Prompt:
    """What is asked of a picture.

    Attributes:
      points: (P, 2), x and y in pixels, whose centres are the whole numbers; a box is its two
        corners and comes first, then points of what is meant.
      labels: (P,), see `imaging_jax.models.segmentation.SAM`.
    """

    points: np.ndarray
    labels: np.ndarray

    def check(self, picture: Path, width: int, height: int) -> None:
        """Raises a ValueError where a part of it lies outside of a picture of this size."""
        for (x, y), label in zip(self.points, self.labels, strict=True):
            # The far corner of a box may stand behind the last pixel.
            beyond = label == SECOND_CORNER
            if not (0 <= x < width + beyond and 0 <= y < height + beyond):
                flag = "--box" if label >= FIRST_CORNER else "--point"
                raise ValueError(
                    f"{flag}: {x:g},{y:g} lies outside of {picture}, {width}x{height} pixels"
                )


def read_prompt(points: list[str], boxes: list[str]) -> Prompt:
    """Reads "x,y" or "x,y,label" of points, and "x0,y0,x1,y1" of a box.

    Raises:
      ValueError: other words, several boxes, one without area, or nothing that says what is meant.
    """
    if len(boxes) > 1:
        raise ValueError(f"--box: got {len(boxes)}, wanted one at most; a prompt means one object")
    found = []
    for box in boxes:
        x0, y0, x1, y1 = _numbers("--box", box, "x0,y0,x1,y1", 4)
        if x0 >= x1 or y0 >= y1:
            raise ValueError(f"--box={box}: it has no area; wanted x0 < x1 and y0 < y1")
        found += [((x0, y0), FIRST_CORNER), ((x1, y1), SECOND_CORNER)]
    clicks = [_point(point) for point in points]
    for kind in (FOREGROUND, BACKGROUND):
        found += [click for click in clicks if click[1] == kind]
    if not found or found[0][1] == BACKGROUND:
        raise ValueError("--point or --box is missing: wanted a point of what is meant, or its box")
    places, labels = zip(*found, strict=True)
    return Prompt(np.array(places, np.float32), np.array(labels, np.int32))


def takes_prompts(system: System) -> bool:
    """Whether it segments images by prompts."""
    return "points" in system.takes and "masks" in system.gives


def segment_by_prompt(
    system: System,
    prompt: Prompt,
    pairs: list[tuple[Path, Path]],
    levels: float | None = None,
) -> None:
    """Writes what a prompt means in each picture, as a mask and as an overlay.

    Args:
      system: one that `takes_prompts`.
      prompt: the same of each picture.
      pairs: pictures and their masks, see `train.systems.segmented_files.masks_of`.
      levels: what white is in the files; None takes the largest level of their type.

    Raises:
      ValueError: a picture that can't be read or doesn't hold the prompt; nothing was written.
    """
    for picture, _ in pairs:
        height, width, _ = _pixels(picture, levels).shape
        prompt.check(picture, width, height)
    for picture, file in pairs:
        pixels = _pixels(picture, levels)
        mask, quality = segment(system, prompt, pixels)
        shown = images.overlay(images.to_rgb(pixels), mask.astype(np.uint8))
        drawn = overlays.prompted(shown, prompt.points, prompt.labels)
        images.write(overlay_of(file), drawn, SOFTWARE)
        images.write_class_map(file, mask.astype(np.uint8), 2, SOFTWARE)
        say(f"{file}: {mask.mean():.1%} of the picture, IoU estimated {quality:.2f}")


def segment(system: System, prompt: Prompt, pixels: np.ndarray) -> tuple[np.ndarray, float]:
    """What a prompt means in a picture (H, W, 1 or 3) uint8: a mask (H, W), and its quality.

    The picture is scaled so that it just fits into the network's size, filled up to the right and
    below, and encoded once. Of the three masks of the box, or of the first point, the best by
    its predicted quality is kept; each further point corrects the one before.
    """
    height, width, channels = system.takes["image"].shape
    factor = min(height / pixels.shape[0], width / pixels.shape[1])
    rows, columns = (max(1, round(factor * side)) for side in pixels.shape[:2])
    image = np.empty((height, width, channels), np.float32)
    image[:] = padding_colour(channels)
    image[:rows, :columns] = _resized(pixels, (rows, columns), channels)
    embedding = system.apply({"image": image[None]})["embedding"]
    scale = np.array([columns / pixels.shape[1], rows / pixels.shape[0]], np.float32)
    points = (prompt.points + 0.5) * scale - 0.5

    first = 2 if prompt.labels[0] == FIRST_CORNER else 1
    inputs: dict = {"embedding": embedding, "points": points[None, None]}
    for count in range(first, 1 + len(points)):
        # Padding keeps to one compiled program.
        labels = np.where(np.arange(len(points)) < count, prompt.labels, PADDING)
        outputs = system.apply({**inputs, "labels": labels[None, None].astype(np.int32)})
        masks, qualities = (np.asarray(outputs[name])[0, 0] for name in ("masks", "quality"))
        best = int(qualities.argmax())
        inputs["mask"] = masks[best][None, None]
    whole = _enlarged(masks[best], (height, width))[:rows, :columns]
    return _enlarged(whole, pixels.shape[:2]) > 0, float(qualities[best])


def _point(word: str) -> tuple[tuple[float, float], int]:
    labelled = word.count(",") == 2
    wanted = "x,y or x,y,label, the label 1 for what is meant and 0 for what isn't"
    x, y, *label = _numbers("--point", word, wanted, 2 + labelled)
    if label and label[0] not in (FOREGROUND, BACKGROUND):
        raise ValueError(f"--point={word}: wanted {wanted}")
    return (x, y), int(label[0]) if label else FOREGROUND


def _numbers(flag: str, word: str, wanted: str, count: int) -> list[float]:
    try:
        numbers = [float(part) for part in word.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{flag}={word}: wanted {wanted}")
    return numbers


def _pixels(file: Path, levels: float | None) -> np.ndarray:
    """A picture (H, W, 1 or 3) uint8; alpha is left out."""
    picture = images.read(file, levels)
    if picture.bands not in (1, 3):
        raise ValueError(f"{file} has {picture.bands} bands; wanted 1 or 3")
    return images.to_uint8(picture.pixels[..., : picture.bands], picture.white)


def _resized(pixels: np.ndarray, size: tuple[int, int], channels: int) -> np.ndarray:
    """At so many rows and columns, bilinearly and antialiased, in [0, 1]."""
    picture = Image.fromarray(images.to_rgb(pixels)).convert("L" if channels == 1 else "RGB")
    resized = picture.resize(size[::-1], Image.Resampling.BILINEAR)
    return images.to_float(np.asarray(resized).reshape(*size, channels))


def _enlarged(logits: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    image = Image.fromarray(np.ascontiguousarray(logits, np.float32))
    return np.asarray(image.resize(size[::-1], Image.Resampling.BILINEAR))
