"""Small networks behind an encoder, by whose outputs views of an image are compared."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import batch_norm, check_at_least, check_batch


class ProjectionHead(nn.Module):
    """Two layers behind an encoder, which are left away once it is trained.

    4,458,624 parameters for 2,048 features, 328,320 for 512 with a hidden layer as wide. BYOL's are
    4096, 256 and normalised.

    Attributes:
        hidden: units of the first layer.
        outputs: numbers of a projection.
        normalized: a batch norm behind the first, which has no bias then.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the products.

    Raises:
        ValueError: on features that aren't real vectors.

    Source: Chen, Kornblith, Norouzi, Hinton, "A Simple Framework for Contrastive Learning of Visual
    Representations", ICML 2020, section 2.1; MoCo v2: Chen, Fan, Girshick, He, 2020.
    """

    hidden: int = 2048
    outputs: int = 128
    normalized: bool = False
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("features",)

    @nn.compact
    def __call__(self, features: jax.Array, train: bool = False) -> jax.Array:
        """Maps ``(N, D)`` to ``(N, outputs)``."""
        name = type(self).__name__
        check_at_least(1, name, hidden=self.hidden, outputs=self.outputs)
        check_batch(features, "features", (None,), name)
        y = nn.Dense(
            self.hidden,
            use_bias=not self.normalized,
            dtype=self.dtype,
            precision=self.precision,
            name="expand",
        )(features)
        y = batch_norm(y, train, "norm", dtype=self.dtype) if self.normalized else y
        return nn.Dense(self.outputs, precision=self.precision, name="project")(
            nn.relu(y).astype(jnp.float32)
        )


class PredictionHead(ProjectionHead):
    """BYOL's predictor, which makes of one view's projection that of another.

    Attributes, Raises: those of `ProjectionHead`.

    Source: Grill et al., "Bootstrap Your Own Latent: A New Approach to Self-Supervised Learning",
    NeurIPS 2020, section 3.3.
    """

    hidden: int = 4096
    outputs: int = 256
    normalized: bool = True
