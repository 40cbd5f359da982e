from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, check_channels


class SRCNN(nn.Module):
    """SRCNN: patch extraction, non-linear mapping, reconstruction; three convolutions.

    The input is the low-resolution image already enlarged by bicubic interpolation, in [0, 1];
    the paper feeds the luminance alone. 9-1-5 with the default widths has 8,129 parameters.
    Kernels start He normal (LeCun normal in the linear last layer): with the released recipe's
    standard deviation of 0.001 the network needs above 10⁷ steps of SGD.

    Attributes:
        channels: image channels.
        features: n1 and n2.
        kernel_sizes: f1, f2 and f3, odd.
        padding: "same" pads with zeros; "edge" repeats the border pixels once by the whole
            receptive radius, as the released test code does; "valid" pads nothing in training, as
            the paper does, so that the output loses (f1 + f2 + f3 - 3) rows and columns, and is
            "edge" otherwise.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another number of channels, an even kernel size or an unknown padding.

    Source: Dong, Loy, He, Tang, "Image super-resolution using deep convolutional networks",
    IEEE TPAMI 38(2), 2016, section 3.
    """

    channels: int = 1
    features: tuple[int, int] = (64, 32)
    kernel_sizes: tuple[int, int, int] = (9, 1, 5)
    padding: Literal["same", "valid", "edge"] = "same"
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("upsampled",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, channels)`` in [0, 1] to the same shape.

        With ``train`` and "valid" padding the result is smaller.
        """
        check_channels(x, self.channels, "SRCNN")
        if self.padding not in ("same", "valid", "edge"):
            raise ValueError(f"padding must be 'same', 'valid' or 'edge', got {self.padding!r}")
        if any(size % 2 == 0 for size in self.kernel_sizes):
            raise ValueError(f"kernel_sizes must be odd, got {self.kernel_sizes}")
        image_type = x.dtype
        if self.padding == "edge" or (self.padding == "valid" and not train):
            radius = sum(size // 2 for size in self.kernel_sizes)
            margins = [(0, 0)] * (x.ndim - 3) + [(radius, radius), (radius, radius), (0, 0)]
            x = jnp.pad(x, margins, mode="edge")
        he, lecun = nn.initializers.he_normal(), nn.initializers.lecun_normal()
        widths = (*self.features, self.channels)
        for index, (width, size) in enumerate(zip(widths, self.kernel_sizes, strict=True)):
            last = index == len(widths) - 1
            x = Conv(
                width,
                (size, size),
                padding="SAME" if self.padding == "same" else "VALID",
                kernel_init=lecun if last else he,
                dtype=self.dtype,
                precision=self.precision,
                name=f"conv{index + 1}",
            )(x)
            x = x if last else nn.relu(x)
        return x.astype(image_type)
