from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import (
    RESNET_FAMILY,
    Conv,
    ResNetBackbone,
    adaptive_average_pool,
    batch_norm,
    check_at_least,
    check_choice,
    check_dropout,
    fan_in_uniform,
    resize_aligned,
    torch_kernel,
)
from imaging_jax.models.segmentation.roles import Segmenter

_BINS = (1, 2, 3, 6)
# Of the third and the fourth stage, so that the maps have an eighth of the image's sides.
_DILATIONS = (2, 4)
_STRIDE = 8


class PSPNet(Segmenter):
    """The pyramid scene parsing network: a dilated ResNet, and averages over parts of the image.

    The backbone's maps are joined by their averages over 1x1, 2x2, 3x3 and 6x6 cells, each reduced
    to a quarter of the channels. PSPNet-50 has 46,716,373 parameters for 21 classes, PSPNet-101
    65,708,501; the auxiliary head has 2,365,205 more. Images are continued by their last row and
    column to sides 8k + 1, at whose corners the maps' pixels lie. The backbone's parameters are
    those of `ResNet` under the same name, which published recipes take from a classifier.

    Attributes:
        channels: of the image.
        classes: width of the last layers.
        depth: of the ResNet: 18, 34, 50, 101 or 152.
        features: channels of its stem.
        deep_stem: three 3x3 convolutions in place of one of 7x7.
        auxiliary: in training, return the logits of a head on the third stage too, whose loss the
            paper adds at a weight of 0.4.
        dropout: share of the heads' maps that is dropped in training, by the stream "dropout".
        dtype: type of computation; parameters and the last layers are float32.
        precision: of convolutions and products.

    Raises:
        ValueError: on another number of channels, an unknown depth, a count below 1, a dropout
            outside [0, 1), or training on a single image, of whose mean the norm has no variance.

    Source: Zhao, Shi, Qi, Wang, Jia, "Pyramid Scene Parsing Network", CVPR 2017, section 3; sizes
    of github.com/hszhao/semseg.
    """

    channels: int = 3
    classes: int = 21
    depth: int = 50
    features: int = 64
    deep_stem: bool = True
    auxiliary: bool = True
    dropout: float = 0.1
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def _segment(self, x, train):
        check_choice("PSPNet", "depth", self.depth, RESNET_FAMILY)
        check_at_least(1, "PSPNet", features=self.features)
        check_dropout(self.dropout, "PSPNet")
        if train and len(x) == 1:
            raise ValueError("PSPNet: training needs batches of at least 2 images, got 1")
        size = x.shape[1:3]
        margins = [(0, 0), *((0, (1 - side) % _STRIDE) for side in size), (0, 0)]
        backbone = ResNetBackbone(
            self.depth,
            features=self.features,
            deep_stem=self.deep_stem,
            dilations=_DILATIONS,
            dtype=self.dtype,
            precision=self.precision,
            name="backbone",
        )
        _, _, third, fourth = backbone(jnp.pad(x, margins, mode="edge"), train)
        logits = self._head(self._pyramid(fourth, train), fourth.shape[-1] // 4, "head", train)
        logits = _enlarged(logits, size)
        # At the start, its parameters are made whichever way the network is called.
        if not self.auxiliary or not (train or self.is_initializing()):
            return logits
        auxiliary = self._head(third, third.shape[-1] // 4, "auxiliary_head", train)
        return (logits, _enlarged(auxiliary, size)) if train else logits

    def _pyramid(self, y, train):
        """The maps, and their averages over cells."""
        parts = [y]
        for bins in _BINS:
            pooled = adaptive_average_pool(y, bins)
            pooled = self._normed(pooled, y.shape[-1] // len(_BINS), 1, f"pyramid{bins}", train)
            parts.append(resize_aligned(pooled, *y.shape[1:3]))
        return jnp.concatenate(parts, axis=-1)

    def _head(self, y, features, name, train):
        y = self._normed(y, features, 3, f"{name}_conv", train)
        y = nn.Dropout(self.dropout, broadcast_dims=(1, 2), deterministic=not train)(y)
        return Conv(
            self.classes,
            (1, 1),
            kernel_init=torch_kernel,
            bias_init=fan_in_uniform(features),
            precision=self.precision,
            name=f"{name}_logits",
        )(y)

    def _normed(self, y, features, size, name, train):
        y = Conv(
            features,
            (size, size),
            use_bias=False,
            kernel_init=torch_kernel,
            dtype=self.dtype,
            precision=self.precision,
            name=name,
        )(y)
        return nn.relu(batch_norm(y, train, f"{name}_norm", dtype=self.dtype))


def _enlarged(logits, size):
    """Logits of the padded image's pixels, of which the image's are kept."""
    sides = (_STRIDE * (side - 1) + 1 for side in logits.shape[1:3])
    return resize_aligned(logits, *sides)[:, : size[0], : size[1]]
