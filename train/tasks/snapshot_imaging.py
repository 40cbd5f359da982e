"""Coded-aperture snapshot spectral imaging: hyperspectral cubes of one coded snapshot each."""

from collections.abc import Mapping
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.models.hyperspectral import back_shift
from imaging_jax.operators import cassi
from train.config.registry import look_up
from train.data import coded_masks
from train.data.fields import CODED_MASK, SNAPSHOT, Fields
from train.tasks.cubes import OfCubes
from train.tasks.supervised import NETWORK


class SnapshotImaging(OfCubes):
    """Trains `network` to make cubes of their snapshots by `imaging_jax.operators.cassi`.

    All snapshots of a batch are coded by one part of the mask, cut at random, so that one network
    serves other masks of its kind.

    Args:
      network: (snapshots (N, H, W', 1), mask (H, W)) -> cubes (N, H, W, bands), or, of what
        `imaging_jax.models.hyperspectral.back_shift` makes of snapshots, bands -> bands.
      mask: a name of `train.data.coded_masks.MASKS`; an application is given its own.

    The others are those of `OfCubes`.

    Raises:
      ValueError: as `OfCubes`, or an unknown mask.
    """

    takes: ClassVar[Fields] = {"snapshot": SNAPSHOT, "mask": CODED_MASK}
    serve: ClassVar[Mapping[tuple[str, ...], str]] = {
        ("snapshot", "mask"): "snapshot and mask",
        ("bands",): "bands, which makes bands",
    }

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        bands: int,
        mask: str = "staged",
        loss: str = "rmse",
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        look_up(coded_masks.MASKS, mask, "task.mask")
        super().__init__(network, optimizer, steps, bands, loss, accumulate, ema_decay)
        self.mask = mask

    @staticmethod
    def network_values(section: dict[str, Any]) -> dict[str, Any]:
        """As many bands as the section says, whatever the network calls them."""
        return dict.fromkeys(("bands", "bands_in", "bands_out"), section.get("bands"))

    def check_data(self, data: Any) -> None:
        """As `OfCubes.check_data`; also where the mask is missing or smaller than the cubes."""
        super().check_data(data)
        coded_masks.coded_mask(self.mask)
        sides = data.fields["image"].shape[:2]
        if max(sides) > coded_masks.SIDE:
            raise ValueError(
                f"data.patch_size={max(sides)}: the mask {self.mask} has {coded_masks.SIDE} pixels "
                "a side"
            )

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """What the network is given of snapshots through one part of the mask, and the cubes."""
        cubes = batch["image"]
        whole = jnp.asarray(coded_masks.coded_mask(self.mask))
        size = cubes.shape[1:3]
        room = jnp.asarray(whole.shape) - jnp.asarray(size)
        corner = jax.random.randint(key, (2,), 0, room + 1)
        mask = jax.lax.dynamic_slice(whole, corner, size)
        return given(self.network, cassi(cubes, mask), mask), cubes

    def apply(self, variables: Any, inputs: dict) -> dict[str, jax.Array]:
        """Makes cubes (N, H, W, bands) of snapshots (N, H, W', 1) and their masks (N, H, W)."""
        return {"image": reconstruct(self.network, variables[NETWORK], **inputs)}


def given(network: nn.Module, snapshot: jax.Array, mask: jax.Array) -> tuple[jax.Array, ...]:
    """The arguments of a network of snapshot and mask, or of the bands that are shifted back."""
    if network.takes == ("bands",):
        return (back_shift(snapshot, network.bands_in),)
    return snapshot, mask


def reconstruct(
    network: nn.Module, variables: Any, snapshot: jax.Array, mask: jax.Array
) -> jax.Array:
    """Makes cubes of snapshots, each through a mask of its own.

    Args:
      network: as of `SnapshotImaging`.
      variables: of it.
      snapshot: ``(N, H, W', 1)``.
      mask: ``(N, H, W)``.

    Returns:
      ``(N, H, W, bands)``, float32.
    """

    def one(snapshot, mask):
        return network.apply(variables, *given(network, snapshot, mask))

    return jax.vmap(one)(snapshot, mask).astype(jnp.float32)
