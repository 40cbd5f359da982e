"""Tiles encoded by an autoencoder, whose codes tell what has changed."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.losses import gaussian_kl, mse
from imaging_jax.models.change_detection import CHANGES, RaVAEn
from imaging_jax.models.layers import pad_to_multiple
from imaging_jax.transforms import log_bands
from train.config.registry import look_up
from train.data.fields import Field, Fields, cubes_of
from train.tasks.supervised import NETWORK, Supervised

WHOLE = "its tiles lie on one grid"


class ChangeDetection(Supervised):
    """Trains an autoencoder of tiles, by whose codes places are compared with themselves before.

    The loss is the mean squared error of logarithms plus `kl` times the divergence of the codes'
    Gaussians from the unit one, in nats a tile.

    Args:
      network: a `RaVAEn`.
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      kl: weight of the divergence; the authors' is the batch over the number of tiles.
      distance: a name of `imaging_jax.models.change_detection.CHANGES`, by which codes are
        compared.
      accumulate: parts a batch is cut into, see `train.state.update.update`.
      ema_decay: of the moving averages; 0 keeps none.

    Raises:
      ValueError: another network, one without a decoder, a negative weight, an unknown distance.

    Source: Růžička et al., "RaVÆn: unsupervised change detection of extreme events using ML
    on-board satellites", Scientific Reports 12, 2022.
    """

    whole = WHOLE

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        kl: float = 3.4e-5,
        distance: str = "cosine",
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        if not isinstance(network, RaVAEn) or not (network.decodes and network.spreads):
            raise ValueError(
                f"task.name=change_detection: {type(network).__name__} gives no tiles back"
            )
        if kl < 0:
            raise ValueError(f"task.kl={kl}: wanted at least 0")
        look_up(CHANGES, distance, "task.distance")
        self.kl, self.distance = kl, distance
        super().__init__(network, optimizer, steps, self._bound, accumulate, ema_decay)

    @property
    def takes(self) -> Fields:
        """A place's reflectances, and those of earlier dates."""
        return places_taken(self.network)

    @property
    def gives(self) -> Fields:
        """How much every pixel's tile has changed; codes of tiles."""
        return changes_given(self.network)

    @property
    def learns(self) -> Fields:
        """Tiles of reflectances."""
        height, width, bands = self.network.image_shape
        return {"image": cubes_of(bands, height, width)}

    def check_data(self, data: Any) -> None:
        """As `Task.check_data`; also where the data have other bands than the network."""
        super().check_data(data)
        check_same_bands(self.network.bands, data.assets.get("bands"), "data", "model.bands")

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """Logarithms and noise, and what should be given back: the logarithms."""
        tiles = log_bands(batch["image"], self.network.bands)
        noise = jax.random.normal(key, (len(tiles), self.network.latent))
        return (tiles, noise), tiles

    def apply(self, variables: dict, inputs: dict) -> dict[str, jax.Array]:
        """Tells changes where dates before are given; else codes of tiles, see `coded`."""
        own = variables[NETWORK]
        if "before" not in inputs:
            return coded(self.network, own, inputs["image"])
        return changed(self.network, own, inputs, self.distance)

    def _bound(self, prediction, tiles):
        restored, mean, log_variance = prediction
        return mse(restored, tiles) + self.kl * gaussian_kl(mean, log_variance)


def places_taken(network: RaVAEn) -> Fields:
    """Places of any size, and dates before."""
    bands = network.channels
    before = Field((None, None, None, bands), "float32", "frames", (0.0, 1.0))
    return {"before": before, "image": cubes_of(bands)}


def changes_given(network: RaVAEn) -> Fields:
    """A map of change, and codes of tiles with their log-variances."""
    codes = Field((network.latent,), "float32", "latent")
    change = Field((None, None, 1), "float32", "image")
    return {"change": change, "codes": codes, "log_variance": codes}


def coded(network: RaVAEn, variables: Any, tiles: jax.Array) -> dict[str, jax.Array]:
    """Codes of tiles of reflectances (N, side, side, bands): their Gaussians' parameters."""
    logarithms = log_bands(tiles, network.bands)
    mean, log_variance = network.apply(variables, logarithms, method="encode")
    return {"codes": mean, "log_variance": log_variance}


def changed(
    network: RaVAEn, variables: Any, inputs: Mapping[str, jax.Array], distance: str
) -> dict[str, jax.Array]:
    """How much the tile that a pixel lies in has changed.

    Args:
      network: with its variables.
      variables: of the network.
      inputs: {"before": (N, dates, H, W, bands), "image": (N, H, W, bands)}, reflectances.
      distance: a name of `imaging_jax.models.change_detection.CHANGES`.

    Returns:
      {"change": (N, H, W, 1)}.
    """
    encode = partial(coded, network, variables)
    return {"change": changed_by(encode, inputs["before"], inputs["image"], network.side, distance)}


def changed_by(
    encode: Callable[[jax.Array], Mapping[str, jax.Array]],
    before: jax.Array,
    image: jax.Array,
    side: int,
    distance: str,
) -> jax.Array:
    """How much the tile that a pixel lies in has changed: (N, H, W, 1).

    Args:
      encode: tiles (M, side, side, bands) -> "codes" and "log_variance", as `coded`.
      before: (N, dates, H, W, bands).
      image: (N, H, W, bands).
      side: of a tile.
      distance: a name of `imaging_jax.models.change_detection.CHANGES`.
    """
    dates = jnp.concatenate([before, image[:, None]], axis=1)
    tiles, grid = tiles_of_dates(dates, side)
    change = changes_of_codes(encode(tiles), grid, distance)
    return painted(change, side, dates.shape[2:4])


def tiles_of_dates(dates: jax.Array, side: int) -> tuple[jax.Array, tuple[int, int, int, int]]:
    """Cuts (N, dates, H, W, C) into tiles from the upper left corner on, continued by the edges.

    Returns:
      Tiles (N · dates · rows · columns, side, side, C), and (N, dates, rows, columns).
    """
    count = dates.shape[:2]
    padded = pad_to_multiple(dates.reshape(-1, *dates.shape[2:]), side, "edge")
    rows, columns = (length // side for length in padded.shape[1:3])
    tiles = padded.reshape(-1, rows, side, columns, side, padded.shape[-1])
    tiles = jnp.swapaxes(tiles, 2, 3).reshape(-1, side, side, padded.shape[-1])
    return tiles, (*count, rows, columns)


def changes_of_codes(
    found: Mapping[str, jax.Array], grid: tuple[int, int, int, int], distance: str
) -> jax.Array:
    """Changes (N, rows, columns) of the last date, by codes of tiles of all dates.

    Args:
      found: "codes" and "log_variance" as `coded` gives them of `tiles_of_dates`.
      grid: as of `tiles_of_dates`.
      distance: a name of `imaging_jax.models.change_detection.CHANGES`.
    """
    parameters = tuple(
        jnp.moveaxis(jnp.reshape(found[name], (*grid, -1)), 1, 0)
        for name in ("codes", "log_variance")
    )
    before, after = (tuple(x[part] for x in parameters) for part in (slice(-1), -1))
    return CHANGES[distance](before, after)


def painted(change: jax.Array, side: int, shape: tuple[int, int]) -> jax.Array:
    """Gives every pixel the change of its tile: (N, rows, columns) -> (N, *shape, 1)."""
    pixels = jnp.repeat(jnp.repeat(change, side, axis=1), side, axis=2)
    return pixels[:, : shape[0], : shape[1], None]


def check_same_bands(wanted, found, whose: str, key: str) -> None:
    """Raises a ValueError where bands are others, or in another order, than a network's."""
    if found and tuple(found) != tuple(wanted):
        raise ValueError(
            f"{key}={', '.join(wanted)}: {whose} has the bands {', '.join(found)}; wanted the "
            "same in this order"
        )
