"""Restores hyperspectral cubes, and the files that hold them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from train.config.console import say
from train.data import images
from train.data.cubes import (
    SUFFIXES,
    Cube,
    cube_files,
    false_colours,
    paths_written,
    read_cube,
    write_cube,
)
from train.data.cubes.files import RAW_SUFFIXES, raw_file_of, raw_suffix_of
from train.systems.outputs import SOFTWARE
from train.systems.system import System
from train.systems.tiling import largest_tile, receptive_radius, tiled

_MARK = "_denoised"


def takes_cubes(system: System) -> bool:
    """Whether a system restores cubes."""
    image = system.takes.get("image")
    return image is not None and image.kind == "cube" and "image" in system.gives


def told_of(system: System, sigma: float | None) -> dict[str, float]:
    """What a system of cubes is told: the level of noise, where it goes by one.

    Args:
      system: of cubes.
      sigma: standard deviation of the noise, of 255 where the cube's highest value is 255 and its
        lowest 0; None takes the first that the system serves.

    Raises:
      ValueError: a level that isn't served, one for a system that goes by none, or none for a
        system that serves any.
    """
    if sigma is None:
        if "sigma" not in (system.options or {}):
            return {}
        if not system.options["sigma"]:
            raise ValueError(f"--sigma is missing: {system.weights} takes any level of noise")
        sigma = system.options["sigma"][0]
    told = {"sigma": float(sigma)}
    system.check(**told)
    return told


def cube_outputs(inputs: list[Path], output: str | None) -> list[tuple[Path, Path]]:
    """Pairs every cube, those of folders and their subfolders included, with its output.

    Args:
      inputs: files and folders. "<stem>_denoised" beside "<stem>" is passed over in folders.
      output: a file for one cube, else a folder, in which subfolders stay; None puts each beside
        its cube.

    Raises:
      ValueError: no cube there, several for one output file, two of one name, or an ending that
        isn't a cube's.
    """
    places = dict(place for path in inputs for place in _cubes(path))
    target = Path(output) if output else None
    if target and target.suffix and not target.is_dir():
        if len(places) > 1:
            raise ValueError(f"--output={output} is one file, the cubes are {len(places)}")
        if target.suffix.lower() not in (*SUFFIXES, *RAW_SUFFIXES):
            raise ValueError(f"--output={output}: known endings are {', '.join(SUFFIXES)}")
        return [(cube, target) for cube in places]
    pairs = [
        (cube, (target / place if target else cube.parent) / f"{_stem(cube)}{_MARK}{cube.suffix}")
        for cube, place in places.items()
    ]
    sources: dict[Path, Path] = {}
    for cube, file in pairs:
        if file in sources:
            raise ValueError(f"{cube} and {sources[file]} would both become {file}")
        if file in places:
            raise ValueError(f"{cube} would become {file}, which is a cube to restore")
        sources[file] = cube
    return pairs


def files_written(pairs: list[tuple[Path, Path]], preview: bool = False) -> list[Path]:
    """Every file that restoring cubes writes: both of ENVI's, and the pictures.

    Args:
      pairs: cubes and their outputs.
      preview: whether there are pictures.

    Raises:
      ValueError: an ENVI header without its raw file, or a file that would be written twice.
    """
    found: list[Path] = []
    for cube, output in pairs:
        raw_suffix = ".img"
        if cube.suffix.lower() == ".hdr":
            try:
                raw_suffix = raw_suffix_of(raw_file_of(cube))
            except ValueError as error:
                raise ValueError(f"{cube}: {error}") from None
        found += paths_written(output, raw_suffix) + [output.with_suffix(".png")] * preview
    twice = [str(file) for file, times in Counter(found).items() if times > 1]
    if twice:
        raise ValueError(f"{', '.join(twice)}: would be written for two cubes of one name")
    return found


def restore_cubes(
    restorer: "CubeRestorer",
    pairs: list[tuple[Path, Path]],
    band_axis: int | None = None,
    variable: str = "",
    preview: bool = False,
) -> None:
    """Restores one after the other; what can't be is told at the end.

    Args:
      restorer: what restores.
      pairs: cubes and their outputs, whose layout and type are those of the cubes.
      band_axis: see `train.data.cubes.read_cube`.
      variable: likewise.
      preview: writes false colours before and after, side by side, as "<output>.png".

    Raises:
      ValueError: names each that can't be read, restored or written, and why; the others were
        written.
    """
    failures = []
    for file, output in tqdm(pairs, desc="cubes", disable=len(pairs) == 1, leave=False):
        cube = None
        try:
            cube = read_cube(file, band_axis, variable)
            restored = restorer(cube)
            write_cube(output, restored)
            say(str(output))
            if preview:
                _write_preview(output.with_suffix(".png"), cube, restored)
                say(str(output.with_suffix(".png")))
        except (ValueError, OSError) as error:
            # What is wrong with a file names it already.
            failures.append(f"{file} -> {output}: {error}" if cube is not None else str(error))
    if failures:
        raise ValueError(f"{len(failures)} of {len(pairs)} not done: {'; '.join(failures)}")


@dataclass(frozen=True)
class CubeRestorer:
    """Restores cubes, keeping the type.

    They are restored between their lowest and highest value, or between 0 and white.

    A cube whose program would hold more than `memory` is taken in tiles of rows and columns, all
    bands at once, where the system says how far it looks; else whole.

    Attributes:
      system: of cubes.
      told: what it is told, see `told_of`.
      memory: bytes that a compiled program may hold.
      white: the value that stands for 1; None for the highest.
    """

    system: System
    told: Mapping[str, float]
    memory: float
    white: float | None = None

    def __call__(self, cube: Cube) -> Cube:
        """Restores one cube.

        Raises:
          ValueError: another number of bands than the system takes, one value throughout, a memory
            that doesn't hold a tile with its overlap, or outputs that are no numbers.
        """
        wanted = self.system.takes["image"].shape[-1]
        if wanted not in (None, cube.bands):
            raise ValueError(f"it has {cube.bands} bands; {self.system.weights} takes {wanted}")
        unit, low, high = cube.to_unit(self.white)
        restored = self._restored(unit[None])[0]
        if not np.isfinite(restored).all():
            raise ValueError(f"{self.system.weights} gave NaN or infinite values")
        return cube.from_unit(restored, low, high)

    def _restored(self, unit: np.ndarray) -> np.ndarray:
        def whole(cubes: np.ndarray, _: int = 1) -> np.ndarray:
            return np.asarray(self.system.apply({"image": cubes}, **self.told)["image"])

        def pure(cubes, _):
            return self.system.pure({"image": cubes}, **self.told)["image"]

        if self.system.pure is None or self.system.whole:
            return whole(unit)
        bands = unit.shape[-1]
        tile = largest_tile(pure, 1, bands, self.memory)
        if tile**2 >= unit.shape[1] * unit.shape[2]:
            return whole(unit)
        radius = receptive_radius(pure, 1, bands, self.system.period)
        if radius is None:
            say(
                f"{self.system.weights} looks at the whole cube, so it is not cut into tiles, "
                "however much memory it takes",
                once=self.system.weights,
            )
            return whole(unit)
        progress = partial(tqdm, desc="tiles", leave=False)
        return tiled(whole, unit, 1, tile, radius, self.system.period, progress)


def _cubes(path: Path) -> list[tuple[Path, Path]]:
    """Cubes with where they lie below the folder that was given."""
    files = cube_files(path)
    if not path.is_dir():
        return [(files[0], Path())]
    own = [file for file in files if _is_output(file)]
    if own:
        names = ", ".join(str(file.relative_to(path)) for file in own)
        say(f"{path}: passed over, as written by this command: {names}")
    return [(file, file.parent.relative_to(path)) for file in files if file not in own]


def _is_output(file: Path) -> bool:
    """Whether the cube that it would have been made of lies beside it: no format holds a mark."""
    stem = file.stem.removesuffix(_MARK)
    beside = [stem, *(stem + ending for ending in RAW_SUFFIXES if file.suffix.lower() == ".hdr")]
    return stem != file.stem and any(file.with_name(name + file.suffix).exists() for name in beside)


def _stem(file: Path) -> str:
    """The name without its ending, for a header without that of the raw file it names."""
    stem = Path(file.stem)
    header = file.suffix.lower() == ".hdr" and raw_suffix_of(stem)
    return stem.stem if header else stem.name


def _write_preview(path: Path, before: Cube, after: Cube) -> None:
    # Beside each other they are stretched alike.
    both = np.concatenate([before.pixels, after.pixels], axis=1)
    colours = false_colours(both, before.wavelengths)
    images.write(path, images.from_float(colours), SOFTWARE)
