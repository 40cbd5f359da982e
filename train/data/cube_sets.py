"""Sets of hyperspectral cubes: files in the formats of `train.data.cubes`, and Samson."""

from pathlib import Path

import numpy as np
from scipy import io

from imaging_jax.data_root import under_data
from train.data.cubes import AXES, cube_files, read_cube
from train.data.data_set import DataSet
from train.data.fields import CUBE, cubes_of
from train.data.images import distinct_names

_AUTO = "auto"
_SAMSON_SHAPE = (95, 95, 156)


def cubes(rest: str) -> DataSet:
    """Of "<axis>:<file or folder>", each cube mapped from its lowest and highest value to [0, 1].

    Its items are {"image": (H, W, bands)}, float32, named as those of a folder of pictures.

    Args:
      rest: the axis of the bands is first, middle or last, or auto where the files say it.

    Raises:
      ValueError: another axis, no such file or folder, or none in it; for a single file at once,
        else when it is read, what `train.data.cubes.read_cube` refuses.
    """
    word, _, path = rest.partition(":")
    if word not in (*AXES, _AUTO) or not path:
        raise ValueError(
            f"cubes:{rest}: wanted cubes:<axis>:<file or folder>, the axis first, middle, last or "
            "auto"
        )
    folder, files = Path(path), cube_files(path)

    def load(index: int) -> dict[str, np.ndarray]:
        return {"image": read_cube(files[index], AXES.get(word)).to_unit()[0]}

    if folder.is_dir():
        names = distinct_names(files, folder)
        return DataSet(f"cubes:{rest}", {"image": CUBE}, names, load)
    only = load(0)
    height, width, bands = only["image"].shape
    fields = {"image": cubes_of(bands, height, width)}
    return DataSet(f"cubes:{rest}", fields, [folder.stem], lambda _: only)


def samson(rest: str) -> DataSet:
    """The one cube of Samson, 95x95 pixels of 156 bands from 401 to 889 nm, already in [0, 1].

    Raises:
      ValueError: words behind the name; IMAGING_DATA unset, or without the file.

    Source: `hu_autoencoders` of B. Palsson; the matrix `Y` of bands by pixels, pixels row by row;
    rows here are then the columns of its abundances `S_GT`.
    """
    if rest:
        raise ValueError(f"samson:{rest}: the set has no parts")
    file = under_data("hyperspectral/Samson.mat", "the set samson")
    if not file.is_file():
        raise ValueError(f"samson: {file} isn't there")
    rows, columns, bands = _SAMSON_SHAPE
    matrix = io.loadmat(file, variable_names=["Y"])["Y"]
    pixels = np.moveaxis(matrix.reshape(bands, rows, columns), 0, -1).astype(np.float32, order="C")
    fields = {"image": cubes_of(bands, rows, columns)}
    return DataSet("samson", fields, ["samson"], lambda _: {"image": pixels})
