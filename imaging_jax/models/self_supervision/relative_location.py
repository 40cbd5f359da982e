from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import batch_norm, check_at_least, check_images
from imaging_jax.models.self_supervision._patch_trunk import KERNEL_INIT, PatchTrunk
from imaging_jax.models.self_supervision.roles import Encoder


class RelativeLocation(Encoder):
    """Tells on which of eight sides of a patch another lies.

    63,561,096 parameters: both patches go through the same convolutions and the first layer of
    units, and are told apart by three more. Batch norms have neither scale nor offset.

    Attributes:
        widths: channels of the five convolutions.
        kernel_size: of the first.
        stride: of the first.
        hidden: units of the layers between.
        patch_shape: height, width and channels.
        dtype: type of computation; parameters, features and logits are float32.
        precision: of convolutions and products.

    Raises:
        ValueError: on patches of another shape or number, fewer than five widths, or patches that
            the poolings leave nothing of.

    Source: Doersch, Gupta, Efros, "Unsupervised Visual Representation Learning by Context
    Prediction", ICCV 2015, section 3; layers of github.com/cdoersch/deepcontext.
    """

    widths: tuple[int, ...] = (96, 256, 384, 384, 256)
    kernel_size: int = 11
    stride: int = 4
    hidden: int = 4096
    patch_shape: tuple[int, int, int] = (96, 96, 3)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("first", "second")

    def setup(self):
        """Makes the layers."""
        if len(self.widths) != 5:
            raise ValueError(f"RelativeLocation: widths must be five, got {self.widths}")
        check_at_least(1, "RelativeLocation", kernel_size=self.kernel_size, hidden=self.hidden)
        settings = {"dtype": self.dtype, "precision": self.precision}
        self.trunk = PatchTrunk(
            self.widths,
            self.kernel_size,
            self.stride,
            self.kernel_size // 2,
            groups=1,
            normalized=True,
            pools_borders=True,
            model="RelativeLocation",
            **settings,
        )
        self.fc6, self.fc7 = (NormalizedUnits(self.hidden, **settings) for _ in range(2))
        dense = {"kernel_init": KERNEL_INIT, "precision": self.precision}
        self.fc8 = nn.Dense(self.hidden, dtype=self.dtype, **dense)
        self.fc9 = nn.Dense(8, **dense)

    def __call__(self, first: jax.Array, second: jax.Array, train: bool = False) -> jax.Array:
        """Tells where the second patch lies.

        Args:
            first: ``(N, *patch_shape)``.
            second: likewise.
            train: take the batch's statistics.

        Returns:
            Logits ``(N, 8)`` of the places in rows: above to the left, above, above to the right,
            left, right, and so on.
        """
        check_images(first, self.patch_shape, "RelativeLocation")
        if second.shape != first.shape:
            raise ValueError(
                f"RelativeLocation: second must have the shape {first.shape} of first, got "
                f"{second.shape}"
            )
        both = self.encode(jnp.concatenate([first, second]), train)
        y = jnp.concatenate(jnp.split(both, 2), axis=-1)
        y = nn.relu(self.fc8(self.fc7(y, train)))
        return self.fc9(y.astype(jnp.float32))

    def encode(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps patches ``(N, *patch_shape)`` to features ``(N, hidden)``."""
        check_images(x, self.patch_shape, "RelativeLocation")
        y = self.trunk(x, train)
        return self.fc6(y.reshape(len(y), -1), train).astype(jnp.float32)


class NormalizedUnits(nn.Module):
    """A layer of units behind a batch norm without scale and offset.

    Attributes:
        features: how many.
        dtype: type of computation; parameters are float32.
        precision: of the product.
    """

    features: int
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        """Maps ``(N, D)`` to ``(N, features)``."""
        y = nn.Dense(
            self.features,
            kernel_init=KERNEL_INIT,
            dtype=self.dtype,
            precision=self.precision,
            name="dense",
        )(x)
        return nn.relu(batch_norm(y, train, "norm", affine=False, dtype=self.dtype))
