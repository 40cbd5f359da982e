"""What networks of a role have in common, by which tasks know them."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import check_at_least, check_images, check_labels, check_latent


class _Adversary(nn.Module):
    channels: int = 1
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    # Fields of those networks that leave a choice.
    size: ClassVar[int] = 28
    classes: ClassVar[int] = 0

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return (self.size, self.size, self.channels)

    def _check_fields(self):
        """Raises ValueError on a field out of its range; networks add what else theirs must be."""
        counts = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.type is int and field.name != "classes"
        }
        check_at_least(1, type(self).__name__, **counts)


class Generator(_Adversary):
    """Draws images of latent vectors. A network says how in ``_draw(z, labels, train)``.

    Attributes:
        latent: numbers in a latent vector.
        channels: image channels.
        size: height and width of the images; a field where there is a choice.
        classes: 0 takes no labels; a field where there is a choice.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of convolutions and products.
    """

    latent: int = 64

    takes: ClassVar[tuple[str, ...]] = ("latent", "label")

    def __call__(
        self, z: jax.Array, labels: jax.Array | None = None, train: bool = False
    ) -> jax.Array:
        """Draws images.

        Args:
            z: ``(N, latent)``, standard normal.
            labels: ``(N,)`` integers below ``classes``, or None.
            train: take the batch's statistics, where the network has a norm of batches.

        Returns:
            ``(N, *image_shape)`` in [-1, 1].

        Raises:
            ValueError: on another latent vector, labels missing or not taken, or a field out of
                its range.
        """
        self._check_fields()
        check_latent(z, self.latent, type(self).__name__)
        check_labels(labels, self.classes, z.shape[0], type(self).__name__)
        return self._draw(z, labels, train)


class StyleGenerator(Generator):
    """A generator steered by styles, with `mapping`, `synthesis` and `num_ws`, how many there are.

    Its call also takes ``psi``, how far styles stay from ``w_average``, their mean.
    """

    takes: ClassVar[tuple[str, ...]] = ("latent", "label", "psi", "w_average")


class Discriminator(_Adversary):
    """Judges images. A network says how in ``_judge(x, labels, train)``.

    Attributes:
        channels: image channels.
        size: height and width of the images; a field where there is a choice.
        classes: 0 takes no labels; a field where there is a choice.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of convolutions and products.
    """

    takes: ClassVar[tuple[str, ...]] = ("image", "label")

    def __call__(
        self, x: jax.Array, labels: jax.Array | None = None, train: bool = False
    ) -> jax.Array:
        """Judges images.

        Args:
            x: ``(N, *image_shape)`` in [-1, 1].
            labels: ``(N,)`` integers below ``classes``, or None.
            train: take the batch's statistics, keep the new vectors of spectral normalisation,
                drop features, where the network does so.

        Returns:
            ``(N,)`` logits, float32, large for what looks real.

        Raises:
            ValueError: on another image, labels missing or not taken, or a field out of its range.
        """
        self._check_fields()
        self._check_image(x)
        check_labels(labels, self.classes, x.shape[0], type(self).__name__)
        return self._judge(x, labels, train)

    def _check_image(self, x):
        """Raises ValueError unless ``x`` are images that the network judges."""
        check_images(x, self.image_shape, type(self).__name__)


class Autoencoder(nn.Module):
    """Reproduces images through a code: ``(N, *image_shape) -> (reproduction, code)``.

    An autoencoder has `image_shape`, `encode`, `decode` and `decode_logits`.
    """

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @property
    def channels(self) -> int:
        """Image channels."""
        return self.image_shape[2]

    @property
    def code_shape(self) -> tuple[int, ...]:
        """The axes of the code of one image."""
        image = jax.ShapeDtypeStruct((1, *self.image_shape), jnp.float32)
        (_, code), _ = jax.eval_shape(self.init_with_output, jax.random.key(0), image)
        return code.shape[1:]
