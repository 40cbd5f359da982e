from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.typing import Initializer

from imaging_jax.transforms import depth_to_space


class TransposedConv(nn.Module):
    """A transposed convolution, the adjoint of a strided one, as a product, shifts and a shuffle.

    Each pixel adds the kernel, weighted, at ``stride`` times its place; of the result, ``crop``
    rows and columns are cut off. With W of Torch, (in, out, height, width), the kernel is
    ``W.transpose(2, 3, 0, 1)``, and Torch's padding p and output padding q are the crop (p, p - q).
    TensorFlow's "SAME" is the crop ((k - s) // 2, (k - s + 1) // 2). On CPU the gradient of XLA's
    own transposed convolution takes 4 to 16 times as long.

    Attributes:
        features: output channels.
        kernel_size: height and width of the kernel, at least the stride.
        stride: enlargement.
        crop: rows cut off before and after, likewise columns.
        use_bias: add a bias to each channel.
        kernel_init: of the kernel, (height, width, in, out).
        dtype: type of computation; parameters are float32.
        precision: of the product.

    Raises:
        ValueError: the kernel is smaller than the stride, or the crop is negative.

    Source: Dumoulin, Visin, "A guide to convolution arithmetic for deep learning", 2016,
    section 4.
    """

    features: int
    kernel_size: int = 4
    stride: int = 2
    crop: tuple[int, int] = (1, 1)
    use_bias: bool = False
    kernel_init: Initializer = nn.initializers.lecun_normal()
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps ``(N, H, W, C)`` to side ``(H - 1) · stride + kernel_size - sum(crop)``."""
        size, stride = self.kernel_size, self.stride
        if size < stride or stride < 1:
            raise ValueError(f"kernel_size must be at least the stride {stride}, got {size}")
        if min(self.crop) < 0:
            raise ValueError(f"crop must not be negative, got {self.crop}")
        kernel = self.param("kernel", self.kernel_init, (size, size, x.shape[-1], self.features))
        whole = _add_overlapping(
            x.astype(self.dtype), kernel.astype(self.dtype), stride, self.precision
        )
        before, after = self.crop
        height, width = ((side - 1) * stride + size - after for side in x.shape[1:3])
        y = whole[:, before:height, before:width]
        if self.use_bias:
            bias = self.param("bias", nn.initializers.zeros, (self.features,))
            y = y + bias.astype(y.dtype)
        return y


def _add_overlapping(x, kernel, stride, precision):
    """Adds the kernel at every pixel; zeros follow where the stride doesn't divide its size."""
    taps = -(-kernel.shape[0] // stride)
    missing = taps * stride - kernel.shape[0]
    kernel = jnp.pad(kernel, [(0, missing), (0, missing), (0, 0), (0, 0)])
    channels, features = kernel.shape[2:]
    split = kernel.reshape(taps, stride, taps, stride, channels, features)
    columns = split.transpose(4, 0, 2, 1, 3, 5).reshape(channels, -1)
    # One plain product: an einsum over the split axes would be ten times slower on CPU.
    blocks = jnp.matmul(x.reshape(-1, channels), columns, precision=precision)
    blocks = blocks.reshape(*x.shape[:-1], taps, taps, stride**2 * features)
    shifted = (
        jnp.pad(blocks[..., t, u, :], [(0, 0), (t, taps - 1 - t), (u, taps - 1 - u), (0, 0)])
        for t in range(taps)
        for u in range(taps)
    )
    return depth_to_space(sum(shifted), stride)
