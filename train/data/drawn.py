"""What is drawn on the device from the batch's key: nothing comes from the host."""

from collections.abc import Callable, Iterator, Mapping
from itertools import repeat
from typing import Any, ClassVar

import jax
import numpy as np

from train.data.data_set import Stacked
from train.data.fields import Fields

# Of sets drawn to choose checkpoints by, and of those that are scored: no training draws by them.
HELD_BACK_KEY, TEST_KEY = 2**31 - 1, 2**31 - 2


class Drawn:
    """A data path that draws its batches inside the compiled step."""

    streamed = False
    assets: ClassVar[Mapping[str, Any]] = {}

    def inputs(self, step: int, mesh) -> Iterator[tuple]:
        """Nothing comes from the host."""
        del step, mesh
        return repeat(())

    def input_shapes(self, mesh) -> tuple:
        """Shapes of what `inputs` gives."""
        del mesh
        return ()


def drawn_kind(kind: str, key: int) -> str:
    """The kind's name of the sets by a key: its own of those held back, else that of tests."""
    return kind if key == HELD_BACK_KEY else f"{kind}_test"


def drawn_set(
    name: str,
    key: int,
    fields: Fields,
    draw: Callable[[jax.Array], Mapping[str, jax.Array]],
    assets: Mapping[str, Any] | None = None,
) -> Stacked:
    """A set drawn by a key: key -> {field: (N, ...)}, compiled."""
    drawn = jax.jit(draw)(jax.random.key(key))
    arrays = {field: np.asarray(value) for field, value in drawn.items()}
    return Stacked(name, fields, arrays, assets)


def side_and_count(words: list[str], usual: int) -> tuple[int, int] | None:
    """Reads "<pixels a side>[:<count>]" cut at its colons; None where these are other words."""
    numbers = [int(word) for word in words if word.isdigit()]
    if len(numbers) != len(words) or len(words) not in (1, 2) or numbers[0] < 2 or 0 in numbers:
        return None
    side, count = (*numbers, usual)[:2]
    return side, count
