from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, PReLU, check_at_least, check_channels
from imaging_jax.transforms import depth_to_space

_ACTIVATIONS = {
    "tanh": lambda: jnp.tanh,
    "relu": lambda: nn.relu,
    "leaky_relu": lambda: partial(nn.leaky_relu, negative_slope=0.2),
    "prelu": PReLU,
}
_OUTPUT_ACTIVATIONS = {"linear": lambda x: x, "tanh": jnp.tanh, "sigmoid": nn.sigmoid}


class ESPCN(nn.Module):
    """ESPCN: convolutions at low resolution, the last followed by the sub-pixel shuffle.

    The input is the low-resolution image in [0, 1]; the paper feeds the luminance alone. The
    defaults are the paper's 5-3-3 network with 21,284, 22,729 and 24,752 parameters at x2, x3 and
    x4. A wider colour variant, ``channels=3, features=(64, 64), kernel_sizes=(5, 5, 5),
    activation="leaky_relu", output_activation="sigmoid"``, has 184,176 at x4. Kernels start LeCun
    normal: with the released recipe's standard deviation of 0.001 tanh hardly learns.

    Attributes:
        scale: r, at least 1.
        channels: image channels.
        features: n1 and n2.
        kernel_sizes: f1, f2 and f3.
        activation: "tanh", "relu", "leaky_relu" (slope 0.2) or "prelu" (a slope a channel).
        output_activation: "linear", "tanh" or "sigmoid".
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another number of channels, a scale below 1 or an unknown activation.

    Source: Shi, Caballero, Huszár et al., "Real-Time Single Image and Video Super-Resolution
    Using an Efficient Sub-Pixel Convolutional Neural Network", CVPR 2016, sections 2 and 3.1.
    """

    scale: int
    channels: int = 1
    features: tuple[int, int] = (64, 32)
    kernel_sizes: tuple[int, int, int] = (5, 3, 3)
    activation: str = "tanh"
    output_activation: str = "linear"
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(..., H, W, channels)`` in [0, 1] to ``(..., scale·H, scale·W, channels)``.

        ``train`` changes nothing.
        """
        check_channels(x, self.channels, "ESPCN")
        check_at_least(1, "ESPCN", scale=self.scale)
        for field, known in (
            ("activation", _ACTIVATIONS),
            ("output_activation", _OUTPUT_ACTIVATIONS),
        ):
            if getattr(self, field) not in known:
                raise ValueError(
                    f"{field} must be one of {sorted(known)}, got {getattr(self, field)!r}"
                )
        image_type = x.dtype
        conv = partial(Conv, dtype=self.dtype, precision=self.precision)
        widths = (*self.features, self.scale**2 * self.channels)
        for index, (width, size) in enumerate(zip(widths, self.kernel_sizes, strict=True)):
            x = conv(width, (size, size), name=f"conv{index + 1}")(x)
            if index < len(self.features):
                x = _ACTIVATIONS[self.activation]()(x)
        x = _OUTPUT_ACTIVATIONS[self.output_activation](x.astype(image_type))
        return depth_to_space(x, self.scale)
