"""What is drawn on the device from the batch's key: nothing comes from the host."""

from collections.abc import Iterator, Mapping
from itertools import repeat
from typing import Any, ClassVar

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
