from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from imaging_jax.models.classification.roles import Classifier
from imaging_jax.models.layers import Conv, SwinBlock, check_at_least, check_heads, check_images


class Swin(Classifier):
    """The Swin transformer: attention within windows, at scales that halve from stage to stage.

    Every second block's windows are shifted by half a side. Where an image is no larger than a
    window at some stage, the window is the image and isn't shifted. The defaults are Swin-T
    (28,288,354 parameters); Swin-S has the depths (2, 2, 18, 2) (49,606,258), Swin-B also the
    width 128 and the heads (4, 8, 16, 32) (87,768,224). Kernels start truncated normal, 0.02.

    Attributes:
        patch_size: side of a patch, in pixels.
        width: of the first stage; each other has twice its predecessor's.
        depths: blocks of each stage.
        heads: of attention at each stage, divisors of its width.
        window: side of a window, in patches.
        mlp_ratio: hidden width of the layers after attention, in widths.
        drop_path: share of the images that the last block's branches are left out of in training,
            rising from 0 at the first; 0.2 in the paper's training of Swin-T.
        classes: width of the last layer.
        image_shape: height, width and channels.
        dtype: type of computation; parameters, logits, softmax, norms' statistics and the last
            layer are float32.
        precision: of the convolution and products.

    Raises:
        ValueError: on images of another shape, sides that patches, windows or halving don't
            divide, as many heads as there aren't stages, or heads that don't divide a width.

    Source: Liu et al., "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows",
    ICCV 2021, section 3.
    """

    patch_size: int = 4
    width: int = 96
    depths: tuple[int, ...] = (2, 2, 6, 2)
    heads: tuple[int, ...] = (3, 6, 12, 24)
    window: int = 7
    mlp_ratio: int = 4
    drop_path: float = 0.0
    classes: int = 1000
    image_shape: tuple[int, int, int] = (224, 224, 3)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Returns the logits ``(N, classes)`` of images ``(N, *image_shape)`` in [0, 1].

        With `drop_path`, training takes the random stream "dropout".
        """
        check_images(x, self.image_shape, "Swin")
        self._check()
        settings = {"dtype": self.dtype, "precision": self.precision}
        norm = partial(nn.LayerNorm, epsilon=1e-5, dtype=self.dtype)
        kernel_init = nn.initializers.truncated_normal(0.02)
        size = (self.patch_size, self.patch_size)
        y = Conv(self.width, size, strides=size, padding="VALID", name="patches", **settings)(x)
        y = norm(name="patches_norm")(y)
        rates = iter(np.linspace(0, self.drop_path, sum(self.depths)))
        for stage, (depth, heads) in enumerate(zip(self.depths, self.heads, strict=True), start=1):
            if stage > 1:
                merged = norm(name=f"merging{stage}_norm")(merge_patches(y))
                y = nn.Dense(
                    2 * y.shape[-1],
                    use_bias=False,
                    kernel_init=kernel_init,
                    name=f"merging{stage}",
                    **settings,
                )(merged)
            window = min(self.window, *y.shape[1:3])
            shift = window // 2 if min(y.shape[1:3]) > self.window else 0
            for index in range(depth):
                block = SwinBlock(
                    heads,
                    window,
                    shift * (index % 2),
                    self.mlp_ratio,
                    float(next(rates)),
                    name=f"stage{stage}_block{index + 1}",
                    **settings,
                )
                y = block(y, train)
        y = jnp.mean(norm(name="norm")(y).astype(jnp.float32), axis=(1, 2))
        return nn.Dense(
            self.classes, kernel_init=kernel_init, precision=self.precision, name="head"
        )(y)

    def _check(self):
        check_at_least(1, "Swin", patch_size=self.patch_size, window=self.window)
        if len(self.depths) != len(self.heads) or not self.depths:
            raise ValueError(
                f"Swin: depths and heads must have a value a stage, got {self.depths} and "
                f"{self.heads}"
            )
        for stage, heads in enumerate(self.heads):
            check_heads("Swin", self.width * 2**stage, heads)
            pixels = self.patch_size * 2**stage
            sides = [side // pixels for side in self.image_shape[:2]]
            window = min(self.window, *sides)
            if window < 1 or any(side % (pixels * window) for side in self.image_shape[:2]):
                raise ValueError(
                    f"Swin: stage {stage + 1} has windows of {max(window, 1)} patches of {pixels} "
                    f"pixels, which don't divide image_shape {self.image_shape}"
                )


def merge_patches(x: jax.Array) -> jax.Array:
    """Joins the channels of 2x2 pixels: above, below, right above, right below.

    Args:
        x: ``(N, H, W, C)``, sides even.

    Returns:
        ``(N, H / 2, W / 2, 4 C)``.
    """
    return jnp.concatenate(
        [x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)], axis=-1
    )
