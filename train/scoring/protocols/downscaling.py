"""Fields of climate: fine ones made of coarse ones and of terrain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import numpy as np

from imaging_jax.operators import block_means
from train.data.climate_scenes import check_scenes, field_of, terrain_of
from train.data.data_set import DataSet
from train.data.fields import Fields
from train.scoring import pictures
from train.scoring.protocols.images import OURS, ImageProtocol
from train.systems.catalogue import system as open_system
from train.systems.system import System

# Pixels a side of a picture at least, and the percentiles of the truth between which it is painted.
_SHOWN, _ENDS = 256, (1, 99)


@dataclass(frozen=True)
class DownscalingProtocol(ImageProtocol):
    """Errors of whole fields in physical units, K or mm a day; means over scenes.

    The coarse field holds the means of the fine one over blocks.

    Attributes:
      metrics: names of `train.scoring.metrics.METRICS`.
    """

    metrics: tuple[str, ...] = ("rmse", "mae", "bias")

    reads: ClassVar[Fields] = {"field": field_of(None), "terrain": terrain_of()}
    feeds: ClassVar[tuple[str, ...]] = ("coarse", "terrain")
    wants: ClassVar[tuple[str, ...]] = ("field",)
    condition: ClassVar[str] = "scale"
    told: ClassVar[bool] = True
    best: ClassVar[tuple[str, ...]] = ("rmse",)

    def baseline(self) -> str:
        """The coarse field enlarged."""
        return "bicubic_field"

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `ImageProtocol.check`; also of another quantity, or a size that isn't a multiple."""
        super().check(system, dataset, value)
        wanted = {**self.reads, "field": system.gives["field"]}
        whom = f"{system.name} ({system.weights})"
        check_scenes(dataset.fields, wanted, value, dataset.name, whom)

    def inputs(
        self, dataset: DataSet, indices: list[int], value: int | None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Coarse fields and terrain, and the fine fields."""
        items = [dataset[index] for index in indices]
        terrain, field = (np.stack([item[name] for item in items]) for name in ("terrain", "field"))
        return {"coarse": np.asarray(_block_means(field, value)), "terrain": terrain}, field

    def measured(self, inputs: Mapping[str, np.ndarray], scale: int) -> np.ndarray | None:
        """The coarse field, its cells as large as they are."""
        return pictures.enlarge(np.asarray(inputs["coarse"][0]), scale)

    def _views(self, system: System, dataset: DataSet, value, index) -> dict[str, np.ndarray]:
        inputs, (truth,) = self.inputs(dataset, [index], value)
        systems = {"bicubic": open_system(self.baseline()), OURS: system}
        views = {
            "coarse": self.measured(inputs, value),
            **{n: np.asarray(s.apply(inputs, scale=value)["field"])[0] for n, s in systems.items()},
            "truth": truth,
        }
        factor = -(-_SHOWN // min(truth.shape[:2]))
        ends = np.percentile(truth, _ENDS)
        return {
            title: pictures.enlarge(pictures.in_colours(field[..., 0], *ends), factor)
            for title, field in views.items()
        }


_block_means = jax.jit(block_means, static_argnums=1)
