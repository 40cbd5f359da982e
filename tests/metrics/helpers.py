from functools import partial
from pathlib import Path

import jax
import numpy as np
from jax.test_util import check_vjp
from PIL import Image

# The first row of the inverse of NTSC's YIQ matrix, which MATLAB's rgb2gray uses.
RGB2GRAY = [0.298936021293775, 0.587043074451121, 0.114020904255103]

# Programs that run once: optimised, they take twice as long to compile.
jit = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})


def check_gradient(score, image):
    """Compares the gradient of a score with finite differences, as `check_grads` does."""
    value_and_gradient = jit(jax.value_and_grad(score))

    def vjp(image):
        value, gradient = value_and_gradient(image)
        return value, lambda cotangent: (cotangent * gradient,)

    check_vjp(jit(score), vjp, (image,))


def check_arrays():
    """Four images (192, 192, 1) in [0, 1]: two textures, two smooth ones."""
    i, j = np.mgrid[:192, :192]
    A = (7 * i + 13 * j + 5 * ((i * j) % 11)) % 256
    B = np.clip(A + ((31 * i + 17 * j) % 23) - 11, 0, 255)
    C = np.floor(128 + 100 * np.sin(i / 9) * np.cos(j / 13) + 0.5)
    D = np.floor(128 + 95 * np.sin((i + 0.5) / 9) * np.cos(j / 13) + 0.5)
    return tuple(x[..., None] / 255 for x in (A, B, C, D))


def official_values(data: Path) -> dict[str, list[float]]:
    """Scores of the five photographs by the metrics' own programs."""
    lines = (data / "iqa_pairs" / "results_official.csv").read_text().splitlines()
    rows = (line.split(",") for line in lines[1:])
    return {name: [float(value) for value in values] for name, *values in rows}


def photographs(data: Path, kind: str) -> np.ndarray:
    """The five photographs (5, 384, 512, 3) in the order of the table, RGB in [0, 1]."""
    files = sorted((data / "iqa_pairs" / kind).glob("*.png"))
    assert [file.stem for file in files] == ["I03", "I04", "I06", "I08", "I19"]
    return np.stack([np.asarray(Image.open(file).convert("RGB")) / 255 for file in files])


def grey(rgb: np.ndarray) -> np.ndarray:
    """MATLAB's rgb2gray, rounded to 8 bits."""
    return np.floor(255 * rgb @ RGB2GRAY + 0.5)[..., None] / 255
