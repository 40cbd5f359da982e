import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers._normalization import spectral_norm


class LatentWithClass(nn.Module):
    """Appends to a latent vector the learnt vector of its class, which starts as N(0, 1).

    Attributes:
        classes: number of classes; 0 gives back the latent vector.
        embedding: numbers a class.

    Source: Mirza, Osindero, "Conditional Generative Adversarial Nets", 2014, section 3.2.
    """

    classes: int
    embedding: int

    @nn.compact
    def __call__(self, z: jax.Array, labels: jax.Array | None) -> jax.Array:
        """Maps ``(N, latent)`` and N integers to ``(N, latent + embedding)``."""
        if self.classes == 0:
            return z
        table = nn.Embed(
            self.classes,
            self.embedding,
            embedding_init=nn.initializers.normal(1.0),
            name="embedding",
        )
        return jnp.concatenate([z, table(labels).astype(z.dtype)], axis=-1)


class ClassPlane(nn.Module):
    """Appends to an image one plane, learnt for each class.

    Attributes:
        classes: number of classes.
        std: the planes start as N(0, std²).

    Source: Mirza, Osindero, "Conditional Generative Adversarial Nets", 2014, section 3.2.
    """

    classes: int
    std: float = 1.0

    @nn.compact
    def __call__(self, x: jax.Array, labels: jax.Array) -> jax.Array:
        """Maps ``(N, H, W, C)`` and N integers to ``(N, H, W, C + 1)``."""
        height, width = x.shape[1:3]
        planes = nn.Embed(
            self.classes,
            height * width,
            embedding_init=nn.initializers.normal(self.std),
            name="embedding",
        )(labels)
        plane = planes.reshape(-1, height, width, 1).astype(x.dtype)
        return jnp.concatenate([x, plane], axis=-1)


class ClassProjection(nn.Module):
    """The inner product of the features, summed over the image, with the learnt vector of a class.

    Attributes:
        classes: number of classes.
        spectral: divide the table of vectors by its largest singular value.

    Source: Miyato, Koyama, "cGANs with Projection Discriminator", ICLR 2018, equation 4.
    """

    classes: int
    spectral: bool = False

    @nn.compact
    def __call__(self, features: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        """Maps ``(N, H, W, F)`` and N integers to ``(N,)``."""
        pooled = jnp.sum(features, axis=(1, 2))
        table = nn.Embed(self.classes, features.shape[-1], name="embedding")
        vectors = spectral_norm(table, labels, train) if self.spectral else table(labels)
        return jnp.sum(vectors * pooled, axis=-1)
