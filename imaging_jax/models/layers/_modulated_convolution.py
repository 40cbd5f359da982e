import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers._convolution import convolve
from imaging_jax.models.layers._fir import upsampling_kernel
from imaging_jax.transforms import depth_to_space


class ModulatedConv(nn.Module):
    """The convolution of StyleGAN2, whose kernel a style scales for each image.

    Demodulation divides each output channel by the norm of its scaled kernel. Scaling the
    activations before and after one shared convolution is the same in exact arithmetic as a
    kernel for each image, without grouped convolutions. Bias and non-linearity are left to the
    caller.

    Attributes:
        features: output channels.
        kernel_size: of the square kernel; 3 with ``up``.
        up: enlarge by 2, with the filter of `fir_upsample`.
        demodulate: without, as where colours are made, the style is divided by the root of the
            fan-in instead.
        dtype: type of computation.
        precision: of the convolution.

    Source: Karras, Laine, Aittala, Hellsten, Lehtinen, Aila, "Analyzing and Improving the Image
    Quality of StyleGAN", CVPR 2020, equations 1 to 3.
    """

    features: int
    kernel_size: int = 3
    up: bool = False
    demodulate: bool = True
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, style: jax.Array) -> jax.Array:
        """Convolves.

        Args:
            x: ``(N, H, W, C)``.
            style: ``(N, C)``, around 1.

        Returns:
            ``(N, H, W, features)``, twice as high and wide with ``up``.
        """
        shape = (self.kernel_size, self.kernel_size, x.shape[-1], self.features)
        kernel = self.param("kernel", nn.initializers.normal(1.0), shape)
        if not self.demodulate:
            style = style / math.sqrt(math.prod(shape[:3]))
        y = self._convolve(x * style[:, None, None, :].astype(x.dtype), kernel)
        if not self.demodulate:
            return y
        energy = jnp.sum(kernel**2, axis=(0, 1))
        norm = jnp.matmul(style**2, energy, precision=jax.lax.Precision.HIGHEST)
        return y * jax.lax.rsqrt(norm + 1e-8)[:, None, None, :].astype(y.dtype)

    def _convolve(self, x, kernel):
        kernel = upsampling_kernel(kernel) if self.up else kernel
        y = convolve(
            x.astype(self.dtype),
            kernel.astype(self.dtype),
            (1, 1),
            "SAME",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            precision=self.precision,
        )
        return depth_to_space(y, 2) if self.up else y
