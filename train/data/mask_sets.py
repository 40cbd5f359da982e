"""Sets of images with the class of each pixel beside."""

from pathlib import Path

import numpy as np

from imaging_jax.data_root import under_data
from train.data.class_folders import SPLITS
from train.data.data_set import DataSet
from train.data.fields import Field, Fields, class_map
from train.data.image_sets import ImageSet, folder
from train.data.images import to_rgb
from train.data.mask_files import Legend, mask_files, read_legend, read_mask

# By place in the stack of thirty slices.
_ISBI = {"fit": slice(22), "held_back": slice(22, 24), "test": slice(24, None)}
_ISBI_LEGEND = "membrane=000000,cell=ffffff"
# The odd files up to 089, of which every ninth is held back, and those behind.
_CRACKS = {
    "fit": lambda place: place < 45 and place % 9,
    "held_back": lambda place: place < 45 and not place % 9,
    "train": lambda place: place < 45,
    "test": lambda place: place >= 45,
}
_CRACKS_LEGEND = "background,crack"


def masks(rest: str) -> DataSet:
    """Opens "<split>:<classes>:<images>:<masks>": two folders whose files have the same names.

    Args:
      rest: a split, "all" or of files in order of their names "held_back" (every tenth), "test"
        (the one behind each) and "fit" (the others); classes as
        `train.data.mask_files.read_legend` takes them; and two folders.

    Raises:
      ValueError: other words, images without a mask and masks without an image, named, or a split
        without any.
    """
    split, classes, pictures, wanted, *more = [*rest.split(":"), *[""] * 3]
    if not (split in SPLITS and classes and pictures and wanted) or any(more):
        raise ValueError(
            f"masks:{rest}: wanted masks:<{', '.join(SPLITS)}>:<classes>:<images>:<masks>"
        )
    whole = with_masks(rest, folder(pictures), Path(wanted), read_legend(classes))
    kept = [place for place in range(len(whole)) if SPLITS[split](place)]
    if not kept:
        raise ValueError(f"masks:{rest}: none of its {len(whole)} images is of this split")
    return whole.part(f"masks:{rest}", kept)


def with_masks(name: str, pictures: ImageSet, folder_of_masks: Path, legend: Legend) -> DataSet:
    """A set of {"image": (H, W, 3), "mask": (H, W, 1)} uint8, the second of a folder.

    Raises:
      ValueError: pictures without a mask, or masks of which no picture is, named; when read, a
        mask of another size than its picture, or as `read_mask` raises it.
    """
    found = mask_files(folder_of_masks)
    for what, lacking in (
        ("images without a mask", set(pictures.names) - set(found)),
        ("masks without an image", set(found) - set(pictures.names)),
    ):
        if lacking:
            few = ", ".join(sorted(lacking)[:5]) + ", …" * (len(lacking) > 5)
            raise ValueError(f"{name}: {what} of the same name: {few}")

    def load(index: int) -> dict[str, np.ndarray]:
        file, image = found[pictures.names[index]], to_rgb(pictures.colours(index))
        mask = read_mask(file, legend)
        (rows, columns), (height, width) = mask.shape[:2], image.shape[:2]
        if (rows, columns) != (height, width):
            raise ValueError(
                f"{file} is {columns}x{rows}, its image {pictures.files[index]} {width}x{height}; "
                "wanted one size"
            )
        return {"image": image, "mask": mask}

    classes = list(legend.classes)
    return DataSet(name, fields_of_masks(len(classes)), pictures.names, load, {"classes": classes})


def fields_of_masks(classes: int) -> Fields:
    """What an item holds whose pixels have so many classes."""
    return {
        "image": Field((None, None, 3), "uint8", "image", (0, 255)),
        "mask": class_map(classes),
    }


def isbi(split: str) -> DataSet:
    """Slices of a fly's nerves by electron microscopy, 512x512, and which pixels are cells.

    Of thirty the first 22 are "fit", two more "held_back" and the last six "test".

    Raises:
      ValueError: another split; IMAGING_DATA unset.
    """
    if split not in _ISBI:
        raise ValueError(f"isbi:{split}: wanted isbi:<{', '.join(_ISBI)}>")
    root = under_data("segmentation/ISBI2012", "the set isbi")
    legend = read_legend(_ISBI_LEGEND)
    whole = with_masks("isbi", folder(root / "image"), root / "label", legend)
    return whole.part(f"isbi:{split}", range(len(whole))[_ISBI[split]])


def cracks(split: str) -> DataSet:
    """Photographs of roads, 480x320, and the pixels of their cracks, of CrackForest.

    Of 59, 40 are "fit", five of the first 45 "held_back", to choose a recipe by, all these "train",
    and the last fourteen "test".

    Raises:
      ValueError: another split; IMAGING_DATA unset.
    """
    if split not in _CRACKS:
        raise ValueError(f"cracks:{split}: wanted cracks:<{', '.join(_CRACKS)}>")
    root = under_data("segmentation/CrackForest", "the set cracks")
    legend = read_legend(_CRACKS_LEGEND)
    whole = with_masks("cracks", folder(root / "image"), root / "groundTruth", legend)
    kept = [place for place in range(len(whole)) if _CRACKS[split](place)]
    return whole.part(f"cracks:{split}", kept)
