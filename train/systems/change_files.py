"""What has changed between users' images of a place."""

from pathlib import Path

import numpy as np

from train.config.console import say
from train.data import images
from train.data.georeferenced import Scene, read_scene, write_map
from train.systems.outputs import SOFTWARE
from train.systems.system import System
from train.tasks.change_detection import check_same_bands


def tells_changes(system: System) -> bool:
    """Whether it tells what has changed between dates of a place."""
    return {"before", "image"} <= system.takes.keys() and "change" in system.gives


def map_of(dates: list[Path], output: str | None) -> Path:
    """The TIFF file of a map of change; a picture of it stands beside.

    Args:
      dates: files of a place, the last of which is compared with those before.
      output: a .tif file; None puts <last>_change.tif beside the last date.

    Raises:
      ValueError: fewer than two dates, another ending, or a map in the place of a date.
    """
    if len(dates) < 2:
        raise ValueError("got one date: wanted those before, and last the one that is compared")
    target = Path(output) if output else dates[-1].with_name(f"{dates[-1].stem}_change.tif")
    if target.suffix != ".tif":
        raise ValueError(f"--output={target}: a map of change is written as .tif")
    if {target.resolve(), picture_of(target).resolve()} & {date.resolve() for date in dates}:
        raise ValueError(f"--output={target}: it would replace a date")
    return target


def picture_of(target: Path) -> Path:
    """The picture beside a map."""
    return target.with_suffix(".png")


def tell_changes(
    system: System, dates: list[Path], target: Path, levels: float | None = None
) -> None:
    """Writes how much every pixel of the last date has changed, where the last lies.

    It is NaN where a date has no data. Both files appear whole or not at all.

    Args:
      system: one that `tells_changes`.
      dates: files of a place in order of time, see `train.data.georeferenced.read_scene`.
      target: see `map_of`.
      levels: the number that stands for a reflectance of 1.

    Raises:
      ValueError: a date that can't be read, of another place, size or number of bands, or without
        bands that the system was made for; names it.
    """
    bands = system.assets.get("bands", ())
    scenes = [read_scene(date, levels, bands) for date in dates]
    for date, scene in zip(dates, scenes, strict=True):
        _check(system, date, scene, scenes[-1])
    inputs = {
        "before": np.stack([scene.pixels for scene in scenes[:-1]])[None],
        "image": scenes[-1].pixels[None],
    }
    change = np.asarray(system.apply(inputs)["change"])[0, ..., 0]
    seen = np.all([scene.seen for scene in scenes], axis=0)
    if not seen.any():
        raise ValueError(f"{dates[-1]}: no pixel has data on all dates")
    low, high = float(change[seen].min()), float(change[seen].max())
    shown = np.where(seen, (change - low) / (high - low if high > low else 1.0), 0)
    with images.appearing_whole(target) as temporary:
        write_map(temporary, np.where(seen, change, np.nan), scenes[-1].profile)
    images.write(picture_of(target), images.from_float(shown[..., None]), SOFTWARE)
    if not scenes[-1].profile:
        say(f"{target}: where it lies isn't known")
    say(f"{target}: changes from {low:.4g} to {high:.4g}; {picture_of(target)}")


def _check(system: System, date: Path, scene: Scene, last: Scene) -> None:
    if scene.pixels.shape != last.pixels.shape:
        found, wanted = ("x".join(map(str, x.pixels.shape)) for x in (scene, last))
        raise ValueError(f"{date} is {found}: wanted {wanted}, as the last date is")
    if scene.profile != last.profile:
        raise ValueError(f"{date} lies elsewhere, or on another grid, than the last date")
    bands = system.takes["image"].shape[-1]
    if bands not in (None, scene.pixels.shape[-1]):
        names = ", ".join(system.assets.get("bands", ())) or f"{bands} bands"
        raise ValueError(f"{date} has {scene.pixels.shape[-1]} bands: wanted {names}")
    if wanted := system.assets.get("bands"):
        check_same_bands(wanted, scene.bands, str(date), f"{system.name} ({system.weights})")
