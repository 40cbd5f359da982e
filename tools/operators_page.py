"""`python -m tools.operators_page`: writes docs/operators.md from the rows of `operator_rows`."""

import inspect
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import skimage
from absl import app
from PIL import Image

from imaging_jax import operators
from imaging_jax.operators import LinearOperator
from tools.operator_rows import NOISES, OPERATORS, PROXIMAL_MAPS, SIDE, SOLVERS, OperatorRow
from train import command
from train.data import images
from train.records import record as records
from train.records.markdown import markdown_table

PAGE = records.ROOT / "docs" / "operators.md"
PICTURES = PAGE.with_suffix("")
# Enough for a thumbnail, and a third of the bytes.
_PALETTE = 48

_INTRODUCTION = f"""\
# Operators and solvers

Rendered by `python -m tools.operators_page` from the rows of `tools/operator_rows.py`;
`notebooks/operators.ipynb` shows them at work.

## Linear operators

`A(x)`, `A.T`, `A.H`, `A @ B`, `A + B`, `2 * A`, `vstack([A, B])`, `A.normal` and `A.norm(key)` hold
for all of them, under `jit`, `vmap` and `grad`. An adjoint that isn't written by hand is JAX's
transpose of `forward`. The proximal step `argmin_x |A x - y|² + rho |x - z|²` has a closed form, or
solvers take conjugate gradients. The pictures show `x`, `A x` and `A.H A x` of an image of at most
{SIDE} x {SIDE} pixels: complex values as the logarithm of their modulus with frequency 0 in the
middle, several outputs side by side, measurements that are no image row by row, and what leaves
[0, 1] or stays in its lower half stretched to black and white.
"""


def rendered() -> str:
    """The page that the rows give."""
    head = ["operator, functions that it calls", "formula", "adjoint", "proximal step", "picture"]
    parts = [
        _INTRODUCTION,
        markdown_table(head, map(_cells, OPERATORS)),
        "## Noise\n",
        _function_table(NOISES),
        "## Solvers\n\nWhat each needs must be given; all else has a default.\n",
        _function_table(SOLVERS),
        "## Proximal maps\n\n`(x, step) -> argmin_u step g(u) + 1/2 |u - x|²`, for solvers.\n",
        _function_table(PROXIMAL_MAPS),
    ]
    return "\n".join(parts)


def _cells(row: OperatorRow) -> tuple[str, ...]:
    name = row.operator.__name__
    title = [f"**`{name}`**", *(f"`{function.__name__}`" for function in row.functions)]
    return (
        f"{', '.join(title)}<br>{row.what}",
        row.formula,
        "by hand" if row.by_hand else "by JAX",
        row.proximal,
        f'<img src="{PICTURES.name}/{name}.png" alt="{name}">',
    )


def _function_table(functions: Iterable[Callable]) -> str:
    rows = []
    for function in functions:
        what = inspect.getdoc(function).partition("\n\n")[0].replace("``", "`")
        parameters = inspect.signature(function).parameters.values()
        needed = ", ".join(f"`{p.name}`" for p in parameters if p.default is p.empty)
        rows.append((f"`{function.__name__}`", what, needed))
    return markdown_table(["function", "what it does", "needs"], rows)


def picture(operator: LinearOperator) -> np.ndarray:
    """Draws ``x``, ``A x`` and ``A.H A x`` side by side, (H, W, 3) uint8."""
    x = _photograph(operator.in_shape)
    y = operator(x)
    tiles = [tile for image in (x, y, operator.H(y)) for tile in _tiles(image)]
    sheet = np.full((SIDE, sum(tile.shape[1] + 4 for tile in tiles) - 4, 3), 255, np.uint8)
    left = 0
    for tile in tiles:
        sheet[: len(tile), left : left + tile.shape[1]] = tile
        left += tile.shape[1] + 4
    return sheet


@cache
def _photograph(shape: tuple[int, int, int]) -> jax.Array:
    """The heads of scikit-image's camera man and astronaut, at half resolution."""
    whole, top, left = (
        (skimage.data.camera()[..., None], 20, 70)
        if shape[-1] == 1
        else (skimage.data.astronaut(), 0, 65)
    )
    half = operators.resize(jnp.asarray(whole, jnp.float32) / 255, 0.5)
    head = half[top : top + SIDE, left : left + SIDE]
    return operators.resize(head, shape=shape[:2]).clip(0, 1)


def _tiles(image) -> Iterator[np.ndarray]:
    if isinstance(image, tuple):
        for part in image:
            yield from _tiles(part)
        return
    image = np.asarray(image)
    if image.ndim == 2:
        side = math.ceil(math.sqrt(len(image)))
        image = np.resize(image, (side, side, image.shape[1]))
    for frame in image.reshape(-1, *image.shape[-3:]):
        levels = images.from_float(_shown(frame))
        factor = max(1, SIDE // len(levels))
        yield images.to_rgb(levels.repeat(factor, axis=0).repeat(factor, axis=1))


def _shown(frame: np.ndarray) -> np.ndarray:
    if np.iscomplexobj(frame):
        frame = np.fft.fftshift(np.log(np.abs(frame) + 1e-2), axes=(0, 1))
    low, high = frame.min(), frame.max()
    in_range = low >= -0.05 and 0.5 <= high <= 1.05
    return frame if in_range else (frame - low) / (high - low)


def _main(arguments: list[str]) -> None:
    if len(arguments) > 1:
        raise ValueError(f"arguments that aren't flags: {' '.join(arguments[1:])}")
    PAGE.write_text(rendered())
    PICTURES.mkdir(exist_ok=True)
    for row in OPERATORS:
        drawn = Image.fromarray(picture(row.example())).quantize(_PALETTE)
        drawn.save(PICTURES / f"{row.operator.__name__}.png", optimize=True)
    print(PAGE)


def main() -> None:
    """The command line."""
    app.run(command.reports(_main), flags_parser=command.parse_flags)


if __name__ == "__main__":
    sys.exit(main())
