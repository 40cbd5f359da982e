from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.hyperspectral._spectral_transformer import SpectralTransformer
from imaging_jax.models.layers import check_at_least, check_channels, pad_to_multiple
from imaging_jax.operators import DISPERSION


class MST(nn.Module):
    """MST: a U-Net of spectral attention, guided by the mask, makes a cube of a coded snapshot.

    The snapshot is that of `imaging_jax.operators.cassi`, dispersed by 2 pixels a band. The
    defaults are MST-S (922,648 parameters); MST-M has the blocks (2, 4, 4) (1,487,592) and MST-L
    (4, 7, 5) (2,018,156). Sides that aren't multiples of 4 are mirrored at the bottom and the
    right. Where the paper is silent, it does as the authors' code: at scale s, from 0, the mask's
    channel c is moved back by ``2 c // 4^s`` columns, and the term of position sees values without
    the mask.

    Attributes:
        bands: of the cube; also the width at full size.
        blocks: at each scale, from fine to coarse.
        dtype: type of computation; parameters are float32.
        precision: of convolutions and products.

    Raises:
        ValueError: on a snapshot that isn't as large as the mask's, a mask that is no real matrix,
            or no blocks or bands.

    Source: Cai, Lin, Hu, Wang, Yuan, Zhang, Timofte, Van Gool, "Mask-guided Spectral-wise
    Transformer for Efficient Hyperspectral Image Reconstruction", CVPR 2022, section 3.
    """

    bands: int = 28
    blocks: tuple[int, int, int] = (2, 2, 2)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("snapshot", "mask")

    @nn.compact
    def __call__(self, snapshot: jax.Array, mask: jax.Array, train: bool = False) -> jax.Array:
        """Makes cubes.

        Args:
            snapshot: ``(..., H, W + 2 (bands - 1), 1)`` of cubes in [0, 1].
            mask: ``(H, W)``, in [0, 1].
            train: changes nothing.

        Returns:
            ``(..., H, W, bands)``.
        """
        check_at_least(1, "MST", bands=self.bands, blocks=min(self.blocks))
        if len(self.blocks) != 3:
            raise ValueError(f"MST: blocks must be three numbers, got {self.blocks}")
        if mask.ndim != 2 or not jnp.issubdtype(mask.dtype, jnp.floating):
            raise ValueError(
                f"MST: mask must be real floating point of shape (H, W), got {mask.dtype} of "
                f"shape {mask.shape}"
            )
        estimate = back_shift(snapshot, self.bands)
        if estimate.shape[-3:-1] != mask.shape:
            wanted = (mask.shape[0], mask.shape[1] + DISPERSION * (self.bands - 1), 1)
            raise ValueError(
                f"MST: the snapshot of a mask {mask.shape} in {self.bands} bands is {wanted}, got "
                f"{snapshot.shape}"
            )
        height, width = mask.shape
        images = pad_to_multiple(estimate.reshape(-1, *estimate.shape[-3:]), 4, "reflect")
        guide = _dispersed(pad_to_multiple(mask[None, ..., None], 4, "reflect"), self.bands)
        transformer = SpectralTransformer(
            self.blocks, self.dtype, self.precision, name="transformer"
        )
        y = transformer(images, guide)[:, :height, :width]
        return y.reshape(estimate.shape).astype(snapshot.dtype)


def back_shift(snapshot: jax.Array, bands: int) -> jax.Array:
    """Copies of a coded snapshot, each moved back by the dispersion of 2 pixels of its band.

    Args:
        snapshot: ``(..., H, W + 2 (bands - 1), 1)``.
        bands: of the cube.

    Returns:
        ``(..., H, W, bands)``, scaled by 2 / bands: what a mask that is half open lets through.

    Raises:
        ValueError: on what is no snapshot of so many bands.
    """
    check_channels(snapshot, 1, "back_shift")
    width = snapshot.shape[-2] - DISPERSION * (bands - 1)
    if width < 1:
        raise ValueError(
            f"back_shift: a snapshot of {bands} bands is wider than {DISPERSION * (bands - 1)}, "
            f"got {snapshot.shape}"
        )
    starts = range(0, DISPERSION * bands, DISPERSION)
    copies = [snapshot[..., start : start + width, 0] for start in starts]
    return 2 / bands * jnp.stack(copies, axis=-1)


def _dispersed(mask, bands):
    dispersion = DISPERSION * (bands - 1)
    starts = range(0, DISPERSION * bands, DISPERSION)
    moved = [
        jnp.pad(mask, [(0, 0), (0, 0), (start, dispersion - start), (0, 0)]) for start in starts
    ]
    return jnp.concatenate(moved, axis=-1)
