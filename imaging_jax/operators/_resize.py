import math
from typing import Literal

import jax
from flax import struct

from imaging_jax._images import as_image
from imaging_jax.operators._banded_product import banded_product
from imaging_jax.operators._eight_bit import from_levels, round_levels, to_levels
from imaging_jax.operators._linear_operator import LinearOperator
from imaging_jax.operators._resize_weights import KERNELS, resize_weights

Kernel = Literal["bicubic", "bilinear", "lanczos2", "lanczos3", "nearest"]
Boundary = Literal["symmetric", "clamp"]
Rounding = Literal["none", "once", "between_passes"]


def resize(
    x: jax.Array,
    scale: float | None = None,
    *,
    shape: tuple[int, int] | None = None,
    kernel: Kernel = "bicubic",
    antialias: bool = True,
    boundary: Boundary = "symmetric",
    rounding: Rounding = "none",
) -> jax.Array:
    """Resamples images, ``y = R x C.T`` with weights of rows and columns, as MATLAB's imresize.

    Two separable passes, the axis with the smaller scale first, rows first where they are equal. A
    scale below 1 stretches the kernel against aliasing. ``boundary="symmetric"`` is imresize since
    about 2017; ``"clamp"`` with ``rounding="between_passes"`` is what it did to uint8 images before
    and reproduces the low-resolution files of the benchmarks bit for bit.

    Args:
      x: images ``(..., H, W, C)``; in [0, 1] where ``rounding`` isn't ``"none"``.
      scale: size of the result over size of ``x``, such as 2 or 1/3; the result has
        ``(ceil(scale * H), ceil(scale * W))`` pixels.
      shape: (height, width) of the result, instead of ``scale``.
      kernel: ``"bicubic"`` is Keys' with a = -1/2; ``"nearest"`` is never antialiased.
      antialias: whether down-scaling stretches the kernel.
      boundary: how the image continues: mirrored with its edge pixel repeated, or constant.
      rounding: ``"once"`` clips and rounds the result to the levels k/255, halves upwards;
        ``"between_passes"`` does so after each pass. Ties are exact in float64, for 8-bit input.
        The gradient through rounding is zero.

    Returns:
      Images ``(..., H', W', C)`` of the dtype of ``x``.

    Raises:
      ValueError: where ``x`` isn't a floating-point image, not exactly one of ``scale`` and
        ``shape`` is given, either isn't positive, or an option isn't one of those above.

    Keys, "Cubic convolution interpolation for digital image processing", IEEE TASSP 29(6), 1981.
    """
    x = as_image("x", x, real=rounding != "none")
    _check_option("kernel", kernel, KERNELS)
    _check_option("boundary", boundary, ("symmetric", "clamp"))
    _check_option("rounding", rounding, ("none", "once", "between_passes"))
    passes = _passes(x.shape[-3:-1], scale, shape)

    def resample(x, axis, axis_scale, size):
        if axis_scale == 1:
            return x
        weights = resize_weights(x.shape[axis], size, axis_scale, kernel, antialias, boundary)
        return banded_product(weights, x, axis)

    if rounding == "none":
        for axis_pass in passes:
            x = resample(x, *axis_pass)
        return x

    levels = to_levels(x)
    for axis_pass in passes:
        levels = resample(levels, *axis_pass)
        if rounding == "between_passes":
            levels = round_levels(levels)
    return from_levels(round_levels(levels))


class Resize(LinearOperator):
    """`resize` without rounding as a linear operator; its options mean the same.

    Attributes:
      scale: size of the result over size of the input, or None.
      shape: (height, width) of the result, instead of ``scale``.
    """

    scale: float | None = struct.field(pytree_node=False, default=None)
    shape: tuple[int, int] | None = struct.field(pytree_node=False, default=None)
    kernel: Kernel = struct.field(pytree_node=False, default="bicubic")
    antialias: bool = struct.field(pytree_node=False, default=True)
    boundary: Boundary = struct.field(pytree_node=False, default="symmetric")

    def forward(self, x: jax.Array) -> jax.Array:
        """Resizes ``x`` of shape ``in_shape``."""
        return resize(
            x,
            self.scale,
            shape=self.shape,
            kernel=self.kernel,
            antialias=self.antialias,
            boundary=self.boundary,
        )


def _passes(in_shape, scale, shape):
    """(axis, scale, size) of both passes, in order."""
    if (scale is None) == (shape is None):
        raise ValueError(
            f"scale, shape: expected exactly one of them, got scale={scale}, shape={shape}"
        )
    if shape is None:
        if not (0 < scale < math.inf):
            raise ValueError(f"scale: expected a positive number, got {scale}")
        scales = (float(scale),) * 2
        shape = tuple(math.ceil(scales[0] * size) for size in in_shape)
    else:
        if len(shape) != 2 or min(shape) < 1:
            raise ValueError(f"shape: expected a positive (height, width), got {shape}")
        scales = tuple(out / size for out, size in zip(shape, in_shape, strict=True))
    passes = zip((-3, -2), scales, shape, strict=True)
    return sorted(passes, key=lambda axis_pass: axis_pass[1])


def _check_option(name, value, allowed):
    if value not in allowed:
        raise ValueError(f"{name}: expected one of {', '.join(allowed)}, got {value!r}")
