"""Reconstruction of spectra: hyperspectral cubes of colour images."""

from collections.abc import Mapping
from typing import Any, ClassVar

import flax.linen as nn
import jax

from train.data.fields import Fields, picture
from train.data.spectral_response import colour_image
from train.tasks.cubes import OfCubes, made_of
from train.tasks.supervised import NETWORK


class SpectralReconstruction(OfCubes):
    """Trains `network` to make cubes of their colour images, which each step takes anew.

    Args:
      network: (images (N, H, W, 3)) -> cubes (N, H, W, bands).

    The others are those of `OfCubes`.
    """

    takes: ClassVar[Fields] = {"image": picture(3)}
    serve: ClassVar[Mapping[tuple[str, ...], str]] = {("bands",): "bands, which makes bands"}

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        bands: int,
        loss: str = "mrae",
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        super().__init__(network, optimizer, steps, bands, loss, accumulate, ema_decay)

    @staticmethod
    def network_values(section: dict[str, Any]) -> dict[str, Any]:
        """Three bands become as many as the section says."""
        return {"bands_in": 3, "bands_out": section.get("bands")}

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """The colour images of cubes, and the cubes."""
        del key
        return (colour_image(batch["image"]),), batch["image"]

    def apply(self, variables: Any, inputs: dict) -> dict[str, jax.Array]:
        """Makes cubes (N, H, W, bands) of colour images (N, H, W, 3)."""
        return {"image": made_of(self.network, variables[NETWORK], inputs["image"])}
