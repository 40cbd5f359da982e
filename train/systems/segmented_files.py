"""Users' pictures segmented: a mask of each, and the picture tinted by it."""

from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from train.config.console import say
from train.data import images
from train.systems.outputs import SOFTWARE, outputs_of
from train.systems.parts import Part, Restorer, in_tiles
from train.systems.system import System


def segments(system: System) -> bool:
    """Whether it gives logits of the classes of each pixel of an image."""
    given = system.gives.get("logits")
    return "image" in system.takes and given is not None and len(given.shape) == 3


def masks_of(inputs: list[Path], output: str | None) -> list[tuple[Path, Path]]:
    """Pairs every picture with its mask, see `train.systems.outputs.outputs_of`.

    Raises:
      ValueError: as `outputs_of`; a mask that is no .png, or an overlay in the place of a picture
        or another mask.
    """
    pairs = outputs_of(inputs, output, "mask", kept_endings={})
    taken = {file.resolve() for pair in pairs for file in pair}
    for picture, mask in pairs:
        if overlay_of(mask).resolve() in taken:
            raise ValueError(f"the overlay of {picture} would replace {overlay_of(mask)}")
    for _, mask in pairs:
        if mask.suffix.lower() != ".png":
            raise ValueError(f"--output={mask}: a mask is written as .png")
    return pairs


def overlay_of(mask: Path) -> Path:
    """The file of the tinted picture, beside that of the mask."""
    return mask.with_stem(f"{mask.stem.removesuffix('_mask')}_overlay")


def segment_files(
    system: System, pairs: list[tuple[Path, Path]], memory: float, levels: float | None = None
) -> None:
    """Segments one after the other; what can't be is told at the end.

    A mask has the classes' numbers as places in a palette.

    Args:
      system: one that `segments`.
      pairs: pictures and their masks.
      memory: bytes that a compiled program may hold; a larger picture is taken in tiles.
      levels: what white is in the files; None takes the largest level of their type.

    Raises:
      ValueError: names each that can't be read, segmented or written, and why; the others were
        written.
    """
    segmenter = Restorer(system, {}, memory, gives="logits")
    failures = []
    for picture, mask in tqdm(pairs, desc="pictures", disable=len(pairs) == 1, leave=False):
        try:
            shares = _segment(segmenter, picture, mask, levels)
        except images.UnreadableImage as error:
            failures.append(str(error))
        except (ValueError, OSError) as error:
            failures.append(f"{picture} -> {mask}: {error}")
        else:
            names = system.assets.get("classes") or [f"class {i}" for i in range(len(shares))]
            words = (f"{name} {share:.1%}" for name, share in zip(names, shares, strict=False))
            say(f"{mask}: {', '.join(words)}; {overlay_of(mask)}")
    if failures:
        raise ValueError(f"{len(failures)} of {len(pairs)} not done: {'; '.join(failures)}")


def told(logits: Any) -> np.ndarray:
    """The most probable class of each pixel, integers (...), of logits (..., classes)."""
    logits = np.asarray(logits)
    most = logits[..., 0] > 0 if logits.shape[-1] == 1 else logits.argmax(axis=-1)
    return most.astype(np.int32)


def _segment(segmenter: Restorer, file: Path, mask: Path, white: float | None) -> np.ndarray:
    """Writes mask and overlay, and returns the share of each class."""
    picture = images.read(file, white)
    if picture.bands not in (1, 3):
        raise ValueError(f"it has {picture.bands} bands; wanted grey or colours")
    pixels = picture.pixels[..., : picture.bands]
    part = Part(segmenter, 0, picture.bands, {})

    def logits(levels: np.ndarray, _) -> np.ndarray:
        return part(images.to_float(levels, picture.white))

    scores = in_tiles(logits, pixels[None], 1, [part])[0]
    classes = max(2, scores.shape[-1])
    found = told(scores).astype(np.uint8)
    shown = images.to_rgb(images.to_uint8(pixels, picture.white))
    # The second is what a person looks for: it comes last, when both are whole.
    images.write(overlay_of(mask), images.overlay(shown, found), SOFTWARE)
    images.write_class_map(mask, found, classes, SOFTWARE)
    return np.bincount(found.ravel(), minlength=classes) / found.size
