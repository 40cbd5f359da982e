from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.hyperspectral._spectral_transformer import SpectralTransformer
from imaging_jax.models.layers import (
    Conv,
    check_at_least,
    check_channels,
    pad_to_multiple,
    torch_kernel,
)


class MSTPlusPlus(nn.Module):
    """MST++: U-Nets of spectral attention, one after the other, make a cube of a colour image.

    1,619,625 parameters from RGB to 31 bands (546,199 with one stage), 1,332,354 from 28 to 28
    bands, where `back_shift` of a coded snapshot is its input. Images are mirrored at the bottom
    and the right to multiples of 8. Nothing normalises what attention sees, as in the authors'
    code; their figure shows a norm there.

    Attributes:
        stages: number of U-Nets.
        bands_in: channels of the input.
        bands_out: of the cube; also the width at full size.
        dtype: type of computation; parameters are float32.
        precision: of convolutions and products.

    Raises:
        ValueError: on another number of channels, or a field below 1.

    Source: Cai, Lin, Lin, Wang, Zhang, Pfister, Timofte, Van Gool, "MST++: Multi-stage
    Spectral-wise Transformer for Efficient Spectral Reconstruction", CVPRW 2022, section 3.
    """

    stages: int = 3
    bands_in: int = 3
    bands_out: int = 31
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("bands",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Makes cubes.

        Args:
            x: ``(..., H, W, bands_in)`` in [0, 1].
            train: changes nothing.

        Returns:
            ``(..., H, W, bands_out)``.
        """
        check_at_least(
            1, "MSTPlusPlus", stages=self.stages, bands_in=self.bands_in, bands_out=self.bands_out
        )
        check_channels(x, self.bands_in, "MSTPlusPlus")
        settings = {"dtype": self.dtype, "precision": self.precision}
        ends = {"use_bias": False, "kernel_init": torch_kernel, **settings}
        images = pad_to_multiple(x.reshape(-1, *x.shape[-3:]), 8, "reflect")
        start = y = Conv(self.bands_out, (3, 3), name="head", **ends)(images)
        for index in range(1, self.stages + 1):
            y = SpectralTransformer(name=f"stage{index}", **settings)(y)
        y = start + Conv(self.bands_out, (3, 3), name="tail", **ends)(y)
        y = y[:, : x.shape[-3], : x.shape[-2]]
        return y.reshape(*x.shape[:-1], self.bands_out).astype(x.dtype)
