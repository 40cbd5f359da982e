"""METEOR 1.5, by its authors' program."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from imaging_jax.metrics._captions import Words, check_captions

_JAR = "METEOR_JAR"
_BETWEEN = " ||| "


def meteor(
    hypotheses: Sequence[Words], references: Sequence[Sequence[Words]]
) -> tuple[float, np.ndarray]:
    """METEOR 1.5 of a corpus: words aligned as they are, by stem, by synonym and by paraphrase.

    The authors' program does it, ``meteor-1.5.jar``, which the environment variable METEOR_JAR
    names; its folder ``data`` with the paraphrases lies beside it. It needs Java.

    Args:
        hypotheses: a sentence for each image.
        references: one sentence or more for each image.

    Returns:
        The value of the corpus, which is no mean, and those of the images, ``(N,)`` float64.

    Raises:
        ValueError: as `bleu`; METEOR_JAR is not set or names no file, Java is missing, or the
            program ends without an answer.

    Source: Denkowski, Lavie, "Meteor Universal: Language Specific Translation Evaluation for Any
    Target Language", WMT 2014.
    """
    check_captions(hypotheses, references)
    command = [_java(), "-Xmx2G", "-jar", str(_jar()), "-", "-", "-stdio", "-l", "en", "-norm"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    ) as program:
        counts = [
            _asked(program, _BETWEEN.join(["SCORE", *map(_line, others), _line(words)]))
            for words, others in zip(hypotheses, references, strict=True)
        ]
        first = _asked(program, _BETWEEN.join(["EVAL", *counts]))
        scores = [first, *(_answer(program) for _ in hypotheses)]
        program.stdin.close()
    *own, whole = (float(score) for score in scores)
    return whole, np.array(own)


def _java() -> str:
    found = shutil.which("java")
    if not found:
        raise ValueError("METEOR needs Java: there is no program java on the path")
    return found


def _jar() -> Path:
    named = os.environ.get(_JAR, "")
    if not named or not Path(named).is_file():
        raise ValueError(f"{_JAR}={named!r}: METEOR needs it to name the file meteor-1.5.jar")
    return Path(named)


def _line(words: Words) -> str:
    # The bars part sentences.
    return " ".join(words).replace("|||", "")


def _asked(program: subprocess.Popen, line: str) -> str:
    try:
        program.stdin.write(f"{line}\n")
        program.stdin.flush()
    except BrokenPipeError:
        raise _silent() from None
    return _answer(program)


def _answer(program: subprocess.Popen) -> str:
    line = program.stdout.readline()
    if not line:
        raise _silent()
    return line.strip()


def _silent() -> ValueError:
    return ValueError(f"METEOR: the program of {_JAR} ended without an answer")
