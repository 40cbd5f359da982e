"""Users' images with a class each: a folder of folders, one a class."""

from pathlib import Path

import numpy as np
from PIL import Image

from train.config.console import say
from train.data import images
from train.data.data_set import DataSet
from train.data.fields import Field

# Of each class, in order of file names: every tenth image is held back, and the one behind it is
# for tests.
SPLITS = {
    "all": lambda place: True,
    "fit": lambda place: place % 10 not in (0, 1),
    "held_back": lambda place: place % 10 == 0,
    "test": lambda place: place % 10 == 1,
}


def classes(specification: str) -> DataSet:
    """Images of a folder whose subfolders are classes, in order of their names.

    Args:
      specification: "<side>:<split>:<folder>". `read_at` brings images of colour to that size;
        grey ones where "grey" stands behind the side, as in "28grey:all:<folder>". The splits are
        "all" and, of each class, "held_back" (every tenth image), "test" (the one behind each) and
        "fit" (the others).

    Raises:
      ValueError: another form, fewer than two subfolders that hold images, or a split without any.
    """
    words, _, rest = specification.partition(":")
    split, _, path = rest.partition(":")
    side, grey = words.removesuffix("grey"), words.endswith("grey")
    if not (side.isdigit() and int(side) and split in SPLITS and path):
        raise ValueError(
            f"classes:{specification}: wanted classes:<side>:<{', '.join(SPLITS)}>:<folder>"
        )
    root = Path(path)
    if not root.is_dir():
        raise ValueError(f"classes:{specification}: {root} is no folder")
    by_class = _by_class(root)
    if len(by_class) < 2:
        raise ValueError(
            f"classes:{specification}: wanted two subfolders with images at least, one a class; "
            f"found {', '.join(by_class) or 'none'}"
        )
    names = list(by_class)
    kept = [
        (file, label)
        for label, name in enumerate(names)
        for place, file in enumerate(by_class[name])
        if SPLITS[split](place)
    ]
    if not kept:
        raise ValueError(f"classes:{specification}: no class has an image of this split")
    shape = (int(side), int(side), 1 if grey else 3)
    fields = {
        "image": Field(shape, "uint8", "image", (0, 255)),
        "label": Field((), "int32", "label", (0, len(names))),
    }

    def load(index: int) -> dict[str, np.ndarray]:
        file, label = kept[index]
        return {"image": read_at(file, shape), "label": np.int32(label)}

    found = [str(file.relative_to(root)) for file, _ in kept]
    return DataSet(f"classes:{specification}", fields, found, load, {"classes": names})


def _by_class(root: Path) -> dict[str, list[Path]]:
    found, empty = {}, []
    for folder in sorted(root.iterdir()):
        if folder.is_dir() and not folder.name.startswith("."):
            if own := images.pictures_below(folder):
                found[folder.name] = own
            else:
                empty.append(folder.name)
    if empty:
        say(f"{root}: no class, as they hold no image: {', '.join(empty)}", once=str(root))
    return found


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
