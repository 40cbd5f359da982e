"""Photographs that should look painted: how near the painting, and how much of them is left."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from train.data.fields import PICTURE, Fields
from train.scoring.metrics import measure
from train.scoring.protocols.paired import PairedProtocol


@dataclass(frozen=True)
class StylizationProtocol(PairedProtocol):
    """The Gram matrix of the output beside the painting's, and its edges beside the photograph's.

    Attributes:
      metrics: names of `train.scoring.metrics.METRICS`, the first with the painting as reference,
        the second with the photograph.
    """

    metrics: tuple[str, str] = ("gram_distance", "edge_correlation")

    reads: ClassVar[Fields] = {"image": PICTURE, "style": PICTURE}
    best: ClassVar[tuple[str, ...]] = ("gram_distance",)

    def score(self, batch: Any, outputs: Mapping[str, Any], value: int | None) -> dict:
        """{"index", metric: values (N,)}, the repetitions left out."""
        estimate = np.asarray(outputs["image"], np.float64)
        count, (of_style, of_content) = len(batch.indices), self.metrics
        scores = {
            **measure((of_style,), batch.reference, estimate, 0),
            **measure((of_content,), batch.inputs["image"], estimate, 0),
        }
        kept = {name: values[:count] for name, values in scores.items()}
        return {"index": np.asarray(batch.indices), **kept}
