from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import check_at_least, check_batch, check_dropout, check_images
from imaging_jax.models.self_supervision._patch_trunk import KERNEL_INIT, PatchTrunk
from imaging_jax.models.self_supervision.roles import Encoder


class ContextFreeNetwork(Encoder):
    """Tells in which order the tiles of a jigsaw puzzle lie, of which each is seen by itself.

    46,544,232 parameters with 1,000 orders, 42,856,932 with 100.

    Attributes:
        permutations: number of orders.
        tiles: of a puzzle.
        widths: channels of the five convolutions.
        kernel_size: of the first.
        stride: of the first.
        tile_features: units that each tile ends in.
        hidden: units of the layer that sees all tiles.
        dropout: share of the units dropped behind both.
        tile_shape: height, width and channels.
        dtype: type of computation; parameters, features and logits are float32.
        precision: of convolutions and products.

    Raises:
        ValueError: on tiles of another shape or number, fewer than five widths, odd ones in groups,
            or tiles that the poolings leave nothing of.

    Source: Noroozi, Favaro, "Unsupervised Learning of Visual Representations by Solving Jigsaw
    Puzzles", ECCV 2016, section 3; layers of github.com/bbrattoli/JigsawPuzzlePytorch.
    """

    permutations: int = 1000
    tiles: int = 9
    widths: tuple[int, ...] = (96, 256, 384, 384, 256)
    kernel_size: int = 11
    stride: int = 2
    tile_features: int = 1024
    hidden: int = 4096
    dropout: float = 0.5
    tile_shape: tuple[int, int, int] = (75, 75, 3)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("tiles",)

    def setup(self):
        """Makes the layers."""
        if len(self.widths) != 5 or any(width % 2 for width in self.widths):
            raise ValueError(
                f"ContextFreeNetwork: widths must be five even numbers, got {self.widths}"
            )
        check_at_least(2, "ContextFreeNetwork", permutations=self.permutations, tiles=self.tiles)
        check_dropout(self.dropout, "ContextFreeNetwork")
        self.trunk = PatchTrunk(
            self.widths,
            self.kernel_size,
            self.stride,
            padding=0,
            groups=2,
            normalized=False,
            pools_borders=False,
            model="ContextFreeNetwork",
            dtype=self.dtype,
            precision=self.precision,
        )
        dense = {"kernel_init": KERNEL_INIT, "precision": self.precision}
        self.fc6 = nn.Dense(self.tile_features, dtype=self.dtype, **dense)
        self.fc7 = nn.Dense(self.hidden, dtype=self.dtype, **dense)
        self.fc8 = nn.Dense(self.permutations, **dense)
        self.drop = nn.Dropout(self.dropout)

    def __call__(self, tiles: jax.Array, train: bool = False) -> jax.Array:
        """Returns the logits ``(N, permutations)`` of puzzles ``(N, tiles, *tile_shape)``."""
        check_batch(tiles, "tiles", (self.tiles, *self.tile_shape), "ContextFreeNetwork")
        y = self.encode(tiles.reshape(-1, *self.tile_shape), train)
        y = self.drop(y, deterministic=not train).reshape(len(tiles), -1)
        y = self.drop(nn.relu(self.fc7(y)), deterministic=not train)
        return self.fc8(y.astype(jnp.float32))

    def encode(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps tiles ``(N, *tile_shape)`` to features ``(N, tile_features)``."""
        check_images(x, self.tile_shape, "ContextFreeNetwork")
        y = self.trunk(x, train)
        return nn.relu(self.fc6(y.reshape(len(y), -1))).astype(jnp.float32)
