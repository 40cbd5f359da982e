from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Findings:
    """What a review found in the end.

    Attributes:
      rows: of the final table.
      previews: {title: pictures (H, W, 3) uint8} for the page; of two, a slider covers the second
        by the first.
      sides: what the two are called.
      hint: a command that goes on from here.
    """

    rows: list[dict]
    previews: Mapping[str, tuple[np.ndarray, ...]] = field(default_factory=dict)
    sides: tuple[str, ...] = ()
    hint: str = ""
