"""Users' images with a class each: a folder of folders, one a class."""

from pathlib import Path

import numpy as np
from PIL import Image

from train.data import images
from train.data.data_set import DataSet
from train.data.fields import Field


def classes(specification: str) -> DataSet:
    """Images of a folder whose subfolders are classes, in order of their names.

    Args:
      specification: "<side>:<folder>", to whose size `read_at` brings images of colour; grey ones
        where "grey" stands behind the side, as in "28grey:<folder>".

    Raises:
      ValueError: another form, or less than two subfolders that hold images.
    """
    words, _, path = specification.partition(":")
    side, grey = words.removesuffix("grey"), words.endswith("grey")
    if not (side.isdigit() and int(side) and path):
        raise ValueError(f"classes:{specification}: wanted classes:<side>:<folder>")
    root = Path(path)
    if not root.is_dir():
        raise ValueError(f"classes:{specification}: {root} is no folder")
    files, labels, names = [], [], []
    for folder in sorted(entry for entry in root.iterdir() if entry.is_dir()):
        own = [file for file in sorted(folder.rglob("*")) if file.suffix.lower() in images.SUFFIXES]
        if own:
            labels += [len(names)] * len(own)
            names.append(folder.name)
            files += own
    if len(names) < 2:
        raise ValueError(
            f"classes:{specification}: wanted two subfolders with images at least, one a class; "
            f"found {', '.join(names) or 'none'}"
        )
    shape = (int(side), int(side), 1 if grey else 3)
    fields = {
        "image": Field(shape, "uint8", "image", (0, 255)),
        "label": Field((), "int32", "label", (0, len(names))),
    }

    def load(index: int) -> dict[str, np.ndarray]:
        return {"image": read_at(files[index], shape), "label": np.int32(labels[index])}

    found = [str(file.relative_to(root)) for file in files]
    return DataSet(f"classes:{specification}", fields, found, load, {"classes": names})


def read_at(file: Path, shape: tuple[int, int, int]) -> np.ndarray:
    """Reads a picture as a network takes it: (height, width, 1 or 3) uint8.

    It is shrunk or enlarged until it covers the shape, antialiased, and cut about its middle; grey
    is the luminance of BT.601. Alpha is left out.

    Raises:
      train.data.images.UnreadableImage: a file that isn't a picture.
      ValueError: other bands than 1 or 3; names the file.
    """
    picture = images.read(file)
    if picture.bands not in (1, 3):
        raise ValueError(f"{file} has {picture.bands} bands; wanted 1 or 3")
    pixels = images.to_uint8(picture.pixels[..., : picture.bands], picture.white)
    height, width, channels = shape
    image = Image.fromarray(images.to_rgb(pixels)).convert("L" if channels == 1 else "RGB")
    factor = max(height / image.height, width / image.width)
    size = (max(width, round(factor * image.width)), max(height, round(factor * image.height)))
    image = image.resize(size, Image.Resampling.BICUBIC)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    cut = np.asarray(image.crop((left, top, left + width, top + height)))
    return cut.reshape(shape)
