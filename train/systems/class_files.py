"""Users' pictures told apart by a classifier."""

import csv
import io
from pathlib import Path

import jax
import numpy as np

from train.config.console import say
from train.data import images
from train.data.class_folders import read_at
from train.engine.folder import write_text
from train.systems.system import System

_SAID = 3


def tells_classes(system: System) -> bool:
    """Whether it gives scores of the classes of an image."""
    given = system.gives.get("scores")
    return "image" in system.takes and given is not None and len(given.shape) == 1


def tell_classes(system: System, inputs: list[Path], output: Path | None = None) -> None:
    """Says the most probable classes of pictures, those of folders included.

    Each is brought to the size and colours that the system takes, see
    `train.data.class_folders.read_at`.

    Args:
      system: one that `tells_classes`.
      inputs: pictures and folders.
      output: a .csv file for the probabilities of all classes, a line a picture; None for none.

    Raises:
      ValueError: names each picture that can't be read, and why; the others were told.
    """
    shape = system.takes["image"].shape
    names = system.assets.get("classes") or [str(i) for i in range(system.gives["scores"].shape[0])]
    files = _pictures(inputs)
    rows, failures = [], []
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
    for file in files:
        try:
            levels = read_at(file, shape)
        except images.UnreadableImage as error:
            failures.append(str(error))
            continue
        except (ValueError, OSError) as error:
            failures.append(f"{file}: {error}")
            continue
        picture = images.to_float(levels)[None].astype(np.float32)
        (shares,) = np.asarray(jax.nn.softmax(system.apply({"image": picture})["scores"]))
        first = np.argsort(-shares)[:_SAID]
        say(f"{file}: " + ", ".join(f"{names[i]} {shares[i]:.1%}" for i in first))
        rows.append([file, names[first[0]], *(f"{share:.6f}" for share in shares)])
    if output:
        buffer = io.StringIO(newline="")
        csv.writer(buffer).writerows([["picture", "class", *names], *rows])
        write_text(output, buffer.getvalue())
    if failures:
        raise ValueError(f"{len(failures)} of {len(files)} not told: {'; '.join(failures)}")


def _pictures(inputs: list[Path]) -> list[Path]:
    found = [images.image_files(path) if path.is_dir() else [path] for path in inputs]
    return [file for files in found for file in files]
