"""The file boundary of hyperspectral cubes: files in and out, and their values."""

from train.data.cubes.cube import AXES, Cube, Stored
from train.data.cubes.files import SUFFIXES, cube_files, file_of, paths_written
from train.data.cubes.previews import false_colours
from train.data.cubes.reading import read_cube
from train.data.cubes.writing import write_cube

__all__ = [
    "AXES",
    "SUFFIXES",
    "Cube",
    "Stored",
    "cube_files",
    "false_colours",
    "file_of",
    "paths_written",
    "read_cube",
    "write_cube",
]
