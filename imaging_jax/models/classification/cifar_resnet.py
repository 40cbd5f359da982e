from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.classification.roles import Classifier
from imaging_jax.models.layers import Conv, batch_norm, check_images, fan_in_uniform, torch_kernel

_STAGES = 3
_KAIMING = nn.initializers.variance_scaling(2.0, "fan_out", "normal")


class CIFARResNet(Classifier):
    """Residual networks for small images, and the plain ones of the same layers.

    Three stages of n blocks of two 3x3 convolutions; a shortcut between shapes takes every other
    pixel and adds channels of zeros (option A), so that both have the same parameters: 269,722 at
    depth 20, 853,018 at 56 and 1,727,962 at 110. Convolutions start Kaiming normal by their
    fan-out.

    Attributes:
        depth: 6n + 2.
        residual: add each block's input to its output; without, the net is a plain one.
        features: channels of the first stage; twice and four times as many in the others.
        classes: width of the last layer.
        image_shape: height, width and channels.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of convolutions and products.

    Raises:
        ValueError: on another depth, or images of another shape.

    Source: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016,
    section 4.2.
    """

    depth: int = 20
    residual: bool = True
    features: int = 16
    classes: int = 10
    image_shape: tuple[int, int, int] = (32, 32, 3)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Returns the logits ``(N, classes)`` of images ``(N, *image_shape)`` in [0, 1]."""
        if self.depth < 8 or self.depth % 6 != 2:
            raise ValueError(
                f"CIFARResNet: depth must be 6n + 2, as 20, 56 or 110 are, got {self.depth}"
            )
        check_images(x, self.image_shape, "CIFARResNet")
        y = nn.relu(self._normed(x, self.features, 1, "stem", train))
        for stage in range(_STAGES):
            features = 2**stage * self.features
            for index in range(1, self.depth // 6 + 1):
                stride = 2 if stage and index == 1 else 1
                name = f"stage{stage + 1}_block{index}"
                branch = nn.relu(self._normed(y, features, stride, f"{name}_conv1", train))
                branch = self._normed(branch, features, 1, f"{name}_conv2", train)
                y = nn.relu(branch + _shortcut(y, features, stride) if self.residual else branch)
        y = jnp.mean(y, axis=(1, 2), dtype=jnp.float32)
        return nn.Dense(
            self.classes,
            kernel_init=torch_kernel,
            bias_init=fan_in_uniform(y.shape[-1]),
            precision=self.precision,
            name="head",
        )(y)

    def _normed(self, x, features, stride, name, train):
        y = Conv(
            features,
            (3, 3),
            strides=stride,
            padding=1,
            use_bias=False,
            kernel_init=_KAIMING,
            dtype=self.dtype,
            precision=self.precision,
            name=name,
        )(x)
        return batch_norm(y, train, f"{name}_norm", dtype=self.dtype)


def _shortcut(x, features, stride):
    kept = x[:, ::stride, ::stride]
    return jnp.pad(kept, [(0, 0), (0, 0), (0, 0), (0, features - x.shape[-1])])
