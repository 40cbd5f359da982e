"""Users' pictures described by a captioner."""

from pathlib import Path

import numpy as np

from train.config.console import say
from train.data import images
from train.data.class_folders import read_at
from train.data.vocabulary import decoded
from train.systems.attended import attended
from train.systems.outputs import SOFTWARE, outputs_of
from train.systems.system import System

# Of a search: more takes longer and changes little.
_BEAM = 3


def describes(system: System) -> bool:
    """Whether it gives captions of images."""
    return "image" in system.takes and "caption" in system.gives


def sheets_of(
    system: System, inputs: list[Path], output: str | None
) -> list[tuple[Path, Path | None]]:
    """Pairs every picture, those of folders included, with the file of what its words attended.

    Args:
      system: one that `describes`.
      inputs: pictures and folders.
      output: a folder for these files; None for none.

    Raises:
      ValueError: a system that describes no pictures of grey or colour, or attends nothing, and as
        `train.systems.outputs.outputs_of`.
    """
    shape = system.takes["image"].shape
    if shape[-1] not in (1, 3):
        raise ValueError(f"{system.weights} describes {system.takes['image']}, which no picture is")
    if output is None:
        found = [images.image_files(path) if path.is_dir() else [path] for path in inputs]
        return [(file, None) for files in found for file in files]
    if "attention" not in system.gives:
        raise ValueError(f"--output={output}: {system.weights} attends nothing that could be shown")
    return outputs_of(inputs, output, "attention", kept_endings={})


def describe_files(system: System, pairs: list[tuple[Path, Path | None]]) -> None:
    """Says the caption of each picture, brought to the system's size as classifiers do.

    Args:
      system: one that `describes`.
      pairs: pictures and, where they are wanted, the files of what their words attended.

    Raises:
      ValueError: names each picture that can't be read or written, and why; the others were
        described.
    """
    shape, vocabulary = system.takes["image"].shape, system.assets["vocabulary"]
    failures = []
    for file, sheet in pairs:
        try:
            levels = read_at(file, shape)
            picture = images.to_float(levels)[None].astype(np.float32)
            outputs = system.apply({"image": picture}, beam=_BEAM)
            words = decoded(np.asarray(outputs["caption"][0]).tolist(), vocabulary)
            if sheet:
                drawn = attended(picture[0], words, np.asarray(outputs["attention"][0]))
                images.write(sheet, drawn, SOFTWARE)
        except images.UnreadableImage as error:
            failures.append(str(error))
        except (ValueError, OSError) as error:
            failures.append(f"{file}: {error}")
        else:
            say(f"{file}: {' '.join(words)}" + (f" ({sheet})" if sheet else ""))
    if failures:
        raise ValueError(f"{len(failures)} of {len(pairs)} not described: {'; '.join(failures)}")
