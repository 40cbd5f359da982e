from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from imaging_jax.models.classification.vit import ViTBlock
from imaging_jax.models.layers import check_at_least, check_batch, check_heads, check_images
from imaging_jax.models.self_supervision.roles import Encoder
from imaging_jax.transforms import space_to_depth

_LONGEST = 10_000


class MaskedAutoencoder(Encoder):
    """MAE: a vision transformer sees a few patches of an image, a small one tells the others.

    The defaults are ViT-B/16: 85,647,360 parameters and 26,008,320 of the decoder. Those of ViT-L
    (width 1024, depth 24, heads 16) are 303,099,904 and 26,139,392. Positions aren't learnt.

    Attributes:
        patch_size: side of a patch, in pixels; divides the image's sides.
        width: of the encoder's entries, a multiple of 4.
        depth: its blocks.
        heads: its heads of attention, a divisor of the width.
        decoder_width: likewise of the decoder, as are the next two.
        decoder_depth: its blocks.
        decoder_heads: its heads.
        masked: share of the patches that are hidden, rounded up to whole patches.
        image_shape: height, width and channels.
        dtype: type of computation; parameters, features, predictions, softmax and norms' statistics
            are float32.
        precision: of the products.

    Raises:
        ValueError: on images of another shape, patches that don't divide them, heads that don't
            divide their width, widths that 4 doesn't divide, or a share that leaves no patch
            hidden or none to be seen.

    Source: He, Chen, Xie, Li, Dollár, Girshick, "Masked Autoencoders Are Scalable Vision Learners",
    CVPR 2022, section 3 and appendix A.
    """

    patch_size: int = 16
    width: int = 768
    depth: int = 12
    heads: int = 12
    decoder_width: int = 512
    decoder_depth: int = 8
    decoder_heads: int = 16
    masked: float = 0.75
    image_shape: tuple[int, int, int] = (224, 224, 3)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image", "noise")

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return self.image_shape[0] // self.patch_size, self.image_shape[1] // self.patch_size

    @property
    def patches(self) -> int:
        """Of an image."""
        return self.grid[0] * self.grid[1]

    @property
    def visible(self) -> int:
        """Patches that the encoder sees."""
        # Not 0 of 10 where 0.9 are hidden: 1 - 0.9 is a little less than 0.1.
        return int(self.patches * (1 - self.masked) + 1e-6)

    def setup(self):
        """Makes encoder and decoder."""
        self._check()
        settings = {"dtype": self.dtype, "precision": self.precision}
        pixels = self.patch_size**2 * self.image_shape[2]
        self.embed = nn.Dense(self.width, kernel_init=nn.initializers.xavier_uniform(), **settings)
        self.class_entry = self.param(
            "class_entry", nn.initializers.normal(0.02), (1, 1, self.width)
        )
        self.encoder = _Blocks(self.depth, self.heads, **settings)
        self.narrow = nn.Dense(self.decoder_width, **settings)
        self.mask_entry = self.param(
            "mask_entry", nn.initializers.normal(0.02), (1, 1, self.decoder_width)
        )
        self.decoder = _Blocks(self.decoder_depth, self.decoder_heads, **settings)
        self.predict = nn.Dense(pixels, precision=self.precision)

    def __call__(
        self, x: jax.Array, noise: jax.Array, train: bool = False
    ) -> tuple[jax.Array, jax.Array]:
        """Predicts all patches of images from the few that it is shown of each.

        Args:
            x: images ``(N, *image_shape)``.
            noise: ``(N, patches)``, drawn independently: the patches of the smallest are shown.
            train: changes nothing.

        Returns:
            The pixels ``(N, patches, patch_size² channels)``, in the order of `to_patches`, and the
            mask ``(N, patches)``, True where a patch was hidden.
        """
        check_images(x, self.image_shape, "MaskedAutoencoder")
        check_batch(noise, "noise", (self.patches,), "MaskedAutoencoder")
        order = jnp.argsort(noise, axis=1)
        ranks = jnp.argsort(order, axis=1)
        shown = order[:, : self.visible]
        seen = self._encoded(jnp.take_along_axis(self._entries(x), shown[..., None], axis=1))
        y = self.narrow(seen)
        hidden = jnp.broadcast_to(
            self.mask_entry.astype(y.dtype),
            (len(x), self.patches - self.visible, self.decoder_width),
        )
        by_rank = jnp.concatenate([y[:, 1:], hidden], axis=1)
        y = jnp.concatenate(
            [y[:, :1], jnp.take_along_axis(by_rank, ranks[..., None], axis=1)], axis=1
        )
        positions = np.pad(grid_positions(self.grid, self.decoder_width), ((1, 0), (0, 0)))
        y = self.decoder((y + positions).astype(self.dtype))[:, 1:]
        return self.predict(y.astype(jnp.float32)), ranks >= self.visible

    def encode(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Maps whole images ``(N, *image_shape)`` to features ``(N, width)``, means of patches.

        ``train`` changes nothing.
        """
        check_images(x, self.image_shape, "MaskedAutoencoder")
        return jnp.mean(self._encoded(self._entries(x))[:, 1:], axis=1, dtype=jnp.float32)

    def _entries(self, x):
        y = self.embed(to_patches(x, self.patch_size))
        return (y + grid_positions(self.grid, self.width)).astype(self.dtype)

    def _encoded(self, entries):
        first = jnp.broadcast_to(
            self.class_entry.astype(entries.dtype), (len(entries), 1, self.width)
        )
        return self.encoder(jnp.concatenate([first, entries], axis=1))

    def _check(self):
        name = "MaskedAutoencoder"
        check_at_least(1, name, patch_size=self.patch_size, depth=self.depth)
        check_at_least(1, name, decoder_depth=self.decoder_depth)
        if any(side % self.patch_size for side in self.image_shape[:2]):
            raise ValueError(
                f"{name}: patch_size must divide the image's sides, got {self.patch_size} and "
                f"image_shape {self.image_shape}"
            )
        for width, heads in (
            (self.width, self.heads),
            (self.decoder_width, self.decoder_heads),
        ):
            check_heads(name, width, heads)
            if width % 4:
                raise ValueError(f"{name}: widths must be multiples of 4, got {width}")
        if not 0 < self.visible < self.patches:
            raise ValueError(
                f"{name}: masked={self.masked} shows {self.visible} of {self.patches} patches: "
                "wanted some shown and some hidden"
            )


class _Blocks(nn.Module):
    """Transformer blocks and a norm."""

    depth: int
    heads: int
    dtype: Any
    precision: jax.lax.PrecisionLike

    @nn.compact
    def __call__(self, x):
        for index in range(1, self.depth + 1):
            x = ViTBlock(self.heads, 4, self.dtype, self.precision, name=f"block{index}")(x)
        return nn.LayerNorm(epsilon=1e-6, dtype=self.dtype, name="norm")(x)


def to_patches(x: jax.Array, patch_size: int) -> jax.Array:
    """Cuts images ``(N, H, W, C)`` into patches ``(N, L, patch_size² C)``, row by row."""
    y = space_to_depth(x, patch_size)
    return y.reshape(len(x), -1, y.shape[-1])


def grid_positions(grid: tuple[int, int], width: int) -> np.ndarray:
    """Sines and cosines of rows and columns, ``(rows columns, width)``.

    The first half is of the row, the second of the column; wavelengths go from 2π to 20,000π.

    Source: Vaswani et al., "Attention Is All You Need", NIPS 2017, section 3.5, on two axes.
    """
    frequencies = _LONGEST ** -(np.arange(width // 4) / (width // 4))
    axes = np.indices(grid).reshape(2, -1, 1) * frequencies
    parts = [function(axis) for axis in axes for function in (np.sin, np.cos)]
    return np.concatenate(parts, axis=-1).astype(np.float32)
