import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from flax import linen as nn


@dataclasses.dataclass(frozen=True)
class Weights:
    """Where weights lie, what they are, and which model they fill.

    Attributes:
        file: path below the folder that the environment variable IMAGING_DATA names, or below
            `weights` in this package.
        sha256: of that file.
        model: the module's class.
        values: its fields.
        serves: the enlargements, or for a denoiser the noise levels of 255, that the weights were
            trained for; empty where a denoiser is told the level.
        levels: the lowest and the highest level of noise, of 255, that a denoiser which is told
            the level was trained for; None for others.
        convert: maps the file's arrays to the module's variables.
        source: where they were published, with the commit.
        licence: as stated there.
        paper: the system of the paper that they are a copy of, empty where they are of a variant.
        packaged: they are our own and come with the package.
        task: what they do: "super_resolution" and "denoising" restore images, "cube_denoising"
            hyperspectral cubes, "variational" also draws images, "classification" tells them
            apart, "multi_frame_super_resolution" makes one of several frames, "change_detection"
            encodes tiles, "stylization" gives images a style, "features" are compared, "decoding"
            makes images of these.
        side: of an image on which the model can be initialised.
        bands: of a cube on which it can be; 0 where it takes images of the model's channels.
    """

    file: str
    sha256: str
    model: type[nn.Module]
    values: Mapping[str, Any]
    serves: tuple[int, ...]
    convert: Callable[[Mapping[str, np.ndarray]], dict]
    source: str
    licence: str
    paper: str = ""
    packaged: bool = False
    task: str = "super_resolution"
    side: int = 32
    bands: int = 0
    levels: tuple[float, float] | None = None
