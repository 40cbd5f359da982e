"""Users' folders of frames, each of one place, made one larger picture."""

from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from train.config.console import say
from train.data import images
from train.data.frame_folders import frame_files, read_frames
from train.systems.outputs import SOFTWARE
from train.systems.system import System


def takes_frames(system: System) -> bool:
    """Whether it makes one image of frames of which it is told the clear pixels."""
    return {"frames", "clear"} <= system.takes.keys() and "image" in system.gives


def scene_outputs(inputs: list[Path], output: str | None) -> list[tuple[Path, Path]]:
    """Pairs every folder of frames with its picture.

    Args:
      inputs: folders, see `train.data.frame_folders.frame_files`.
      output: a file for one folder, else a folder; None puts <folder>_restored beside each, a .png,
        or a .tif of frames that are .tif or hold floats.

    Raises:
      ValueError: no folder, several for one file, two of one name, or another ending than an
        image's.
    """
    for folder in inputs:
        if not folder.is_dir():
            raise ValueError(f"{folder} is no folder: wanted one that holds the frames of a place")
    target = Path(output) if output else None
    if target and target.suffix and not target.is_dir():
        if len(inputs) > 1:
            raise ValueError(f"--output={output} is one file, the folders are {len(inputs)}")
        if target.suffix.lower() not in images.SUFFIXES:
            raise ValueError(f"--output={output}: known endings are {', '.join(images.SUFFIXES)}")
        return [(inputs[0], target)]
    names = [f"{folder.resolve().name}_restored{_ending(folder)}" for folder in inputs]
    pairs = [
        (folder, (target or folder.resolve().parent) / name)
        for folder, name in zip(inputs, names, strict=True)
    ]
    outputs = [file for _, file in pairs]
    if twice := {str(file) for file in outputs if outputs.count(file) > 1}:
        raise ValueError(f"{', '.join(sorted(twice))}: two folders of one name; give them apart")
    return pairs


def _ending(folder: Path) -> str:
    first = frame_files(folder).frames[0].suffix.lower()
    return ".tif" if first in (".tif", ".tiff", ".npy", ".npz") else ".png"


def make_of_frames(
    system: System, pairs: list[tuple[Path, Path]], levels: float | None = None
) -> None:
    """Makes one picture of the frames of each folder; what can't be is told at the end.

    The picture has the levels of its frames.

    Args:
      system: one that `takes_frames`.
      pairs: folders and their pictures.
      levels: what white is in the files; None takes the largest level of their type.

    Raises:
      ValueError: names each that can't be read, made or written, and why; the others were written.
    """
    failures = []
    for folder, output in pairs:
        try:
            count = _make(system, folder, output, levels)
        except (ValueError, OSError) as error:
            failures.append(f"{folder}: {error}")
        else:
            say(f"{output}: of {count} frames")
    if failures:
        raise ValueError(f"{len(failures)} of {len(pairs)} not made: {'; '.join(failures)}")


def _make(system: System, folder: Path, output: Path, white: float | None) -> int:
    frames, clear, first = read_frames(frame_files(folder), white)
    bands = system.takes["frames"].shape[-1]
    if bands not in (None, frames.shape[-1]):
        raise ValueError(
            f"its frames have {frames.shape[-1]} bands, {system.name} ({system.weights}) takes "
            f"{bands}, in the order that it was trained on"
        )
    inputs = {
        "frames": images.to_float(frames, first.white)[None],
        "clear": clear[None],
    }
    made = np.asarray(jnp.clip(system.apply(inputs)["image"], 0, 1))[0]
    pixels = images.from_float(made, first.pixels.dtype, first.white)
    output.parent.mkdir(parents=True, exist_ok=True)
    images.write(output, replace(first, pixels=pixels, alpha=False), SOFTWARE)
    if first.alpha:
        say(f"{output}: the frames' alpha is left out")
    return len(frames)
