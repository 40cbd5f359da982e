"""What networks of a role have in common, by which tasks know them."""

from typing import ClassVar

import jax
from flax import linen as nn


class Generator(nn.Module):
    """Draws images: ``(z (N, latent), labels (N,) or None) -> (N, *image_shape)`` in [-1, 1].

    A generator has `latent`, the numbers in z, and `image_shape`; `classes` is 0 where it takes no
    labels.
    """

    takes: ClassVar[tuple[str, ...]] = ("latent", "label")
    classes: ClassVar[int] = 0


class StyleGenerator(Generator):
    """A generator steered by styles, with `mapping`, `synthesis` and `num_ws`, how many there are.

    Its call also takes ``psi``, how far styles stay from ``w_average``, their mean.
    """

    takes: ClassVar[tuple[str, ...]] = ("latent", "label", "psi", "w_average")


class Discriminator(nn.Module):
    """Judges images: ``(images (N, *image_shape), labels (N,) or None) -> logits (N,)``.

    `classes` is 0 where it takes no labels.
    """

    takes: ClassVar[tuple[str, ...]] = ("image", "label")
    classes: ClassVar[int] = 0


class Autoencoder(nn.Module):
    """Reproduces images through a code: ``(N, *image_shape) -> (reproduction, code)``.

    An autoencoder has `encode`, `decode` and `decode_logits`.
    """

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @property
    def code_shape(self) -> tuple[int, ...]:
        """The axes of the code of one image."""
        image = jax.ShapeDtypeStruct((1, *self.image_shape), jax.numpy.float32)
        (_, code), _ = jax.eval_shape(self.init_with_output, jax.random.key(0), image)
        return code.shape[1:]
