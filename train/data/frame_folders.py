"""Folders that hold a scene each: frames of a place, masks of their clear pixels, and its image."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.data import images
from train.data.data_set import DataSet
from train.data.frame_scenes import fields_of_frames

# Of the Proba-V challenge; scores divide its levels by the largest of 16 bits.
_WHITE, _BANDS = 65535, ("NIR", "RED")
_SPLITS = {"fit": "train", "held_back": "train", "scored": "train", "test": "test"}
# Of so many scenes with an image, the first chooses checkpoints, and the one behind it is scored.
_TENTH = 10
_SMALL, _LARGE = (128, 128), (384, 384)


@dataclass(frozen=True)
class FrameFiles:
    """The files of a scene.

    Attributes:
      folder: that holds them.
      frames: in order of name.
      masks: of the clear pixels of each, or none at all.
    """

    folder: Path
    frames: Sequence[Path]
    masks: Sequence[Path]


def frame_files(folder: str | Path) -> FrameFiles:
    """Finds the frames of a folder: LR*.png beside QM*.png, or else all pictures in it.

    Raises:
      ValueError: no folder, no picture, or a frame LR… that has no mask QM….
    """
    folder = Path(folder)
    files = [file for file in images.image_files(folder) if file.parent == folder]
    frames = [file for file in files if file.name.startswith("LR")]
    if not frames:
        if not files:
            raise ValueError(f"{folder} holds no image itself: wanted the frames of a scene")
        return FrameFiles(folder, files, [])
    masks = [file.with_name("QM" + file.name[2:]) for file in frames]
    for mask in masks:
        if not mask.is_file():
            raise ValueError(f"{mask} is missing: the clear pixels of its frame")
    return FrameFiles(folder, frames, masks)


def read_frames(
    files: FrameFiles, levels: float | None = None
) -> tuple[np.ndarray, np.ndarray, images.Picture]:
    """Reads a scene.

    Args:
      files: of the scene.
      levels: what white is in its frames; None takes the largest level of their type.

    Returns:
      (frames (T, h, w, C) in the levels of their files, clear pixels (T, h, w, 1) float32, the
      first frame's picture).

    Raises:
      ValueError: frames of unequal sizes, bands or white, masks of other sizes, or no clear pixel
        in any frame; names the file or the folder.
    """
    pictures = [images.read(file, levels) for file in files.frames]
    first = pictures[0]
    for file, picture in zip(files.frames, pictures, strict=True):
        if (picture.pixels.shape, picture.white) != (first.pixels.shape, first.white):
            raise ValueError(
                f"{file} is {_described(picture)}, {files.frames[0].name} {_described(first)}; "
                "wanted frames of one size"
            )
    frames = np.stack([picture.pixels[..., : picture.bands] for picture in pictures])
    if not files.masks:
        return frames, np.ones((*frames.shape[:3], 1), np.float32), first
    clear = np.stack([read_clear(file, frames.shape[1:3]) for file in files.masks])
    if not clear.any():
        raise ValueError(f"{files.folder}: no frame has a clear pixel")
    return frames, clear, first


def read_clear(file: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Reads a mask: (h, w, 1) float32, 1 where its level isn't 0.

    Raises:
      ValueError: a mask of another size than `shape`, named.
    """
    mask = images.read(file).pixels[..., :1]
    if mask.shape[:2] != tuple(shape):
        found, wanted = (f"{size[1]}x{size[0]}" for size in (mask.shape, shape))
        raise ValueError(f"{file} is {found}: wanted {wanted}, as its frame is")
    return (mask > 0).astype(np.float32)


def proba_v(rest: str) -> DataSet:
    """Opens "<fit, held_back, scored or test>:<NIR or RED>:<folder>" of the Proba-V challenge.

    Of ten scenes with an image the first is held back, the second is for scores; those of "test"
    have none, and are for `train.predict` alone. Scenes of fewer frames than the largest has are
    filled up by frames without a clear pixel. Where the folder has norm.csv, its values are the
    asset "norms".

    Raises:
      ValueError: other words, or no such folder; as `read_frames` when a scene is read.
    """
    split, _, others = rest.partition(":")
    band, _, path = others.partition(":")
    name = f"proba_v:{rest}"
    if split not in _SPLITS or band not in _BANDS or not path:
        splits = "<fit, held_back, scored or test>"
        raise ValueError(f"{name}: wanted proba_v:{splits}:<NIR or RED>:<folder>")
    folder = Path(path) / _SPLITS[split] / band
    scenes = sorted(scene for scene in folder.glob("imgset*") if scene.is_dir())
    if split != "test":
        part = ["held_back", "scored", *["fit"] * (_TENTH - 2)]
        scenes = [scene for i, scene in enumerate(scenes) if part[i % _TENTH] == split]
    if not scenes:
        raise ValueError(f"{name}: {folder} holds no folder imgset…")
    files = [frame_files(scene) for scene in scenes]
    most = max(len(scene.frames) for scene in files)
    fields = fields_of_frames(most, _SMALL, _LARGE, 1, "uint16", _WHITE)
    if split == "test":
        fields = {key: fields[key] for key in ("frames", "clear")}

    def load(index: int) -> dict[str, np.ndarray]:
        frames, clear, _ = read_frames(files[index])
        missing = [(0, most - len(frames)), (0, 0), (0, 0), (0, 0)]
        item = {
            "frames": np.pad(frames.astype(np.uint16), missing),
            "clear": np.pad(clear, missing),
        }
        if split != "test":
            image = images.read(scenes[index] / "HR.png").pixels[..., :1]
            item["image"] = image.astype(np.uint16)
            item["image_clear"] = read_clear(scenes[index] / "SM.png", image.shape[:2])
        return item

    assets = {"norms": norms} if (norms := _norms(Path(path), scenes)) else {}
    return DataSet(name, fields, [scene.name for scene in scenes], load, assets)


def _norms(folder: Path, scenes: Sequence[Path]) -> list[float]:
    """The challenge's baselines of some scenes, in dB; empty where it gives none."""
    file = folder / "norm.csv"
    if not file.is_file():
        return []
    pairs = (line.split() for line in file.read_text(encoding="utf-8").splitlines() if line.strip())
    try:
        by_scene = {scene: float(value) for scene, value in pairs}
        return [by_scene[scene.name] for scene in scenes]
    except (ValueError, KeyError) as error:
        raise ValueError(f"{file}: wanted lines '<scene> <dB>' for all scenes: {error}") from None


def _described(picture: images.Picture) -> str:
    height, width = picture.pixels.shape[:2]
    return f"{width}x{height} of {picture.bands} bands up to {picture.white:g}"
