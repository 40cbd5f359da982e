import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from imaging_jax._images import as_image

_HIGHEST = jax.lax.Precision.HIGHEST


@struct.dataclass
class GaussianModel:
    """A Gaussian over all pixels of an image: the simplest generator, in closed form.

    Its maximum-likelihood fit is principal component analysis, and `sample` a linear network of
    white noise.

    Attributes:
        mean: ``(H, W, C)``.
        eigenvectors: ``(H W C, k)`` of the covariance, orthonormal columns.
        eigenvalues: ``(k,)``, the variances along them, decreasing.
    """

    mean: jax.Array
    eigenvectors: jax.Array
    eigenvalues: jax.Array

    def sample(self, key: jax.Array, count: int) -> jax.Array:
        """Draws images ``(count, H, W, C)``, which aren't clipped to any range.

        Args:
            key: random key.
            count: number of images.
        """
        z = jax.random.normal(key, (count, len(self.eigenvalues)), self.mean.dtype)
        return self.decode(z * jnp.sqrt(self.eigenvalues))

    def encode(self, images: jax.Array) -> jax.Array:
        """Projects ``(..., H, W, C)`` on the eigenvectors: coefficients ``(..., k)``.

        Raises:
            ValueError: where the images aren't of the mean's size.
        """
        if np.shape(images)[-3:] != self.mean.shape:
            raise ValueError(
                f"images: expected (..., {', '.join(map(str, self.mean.shape))}), "
                f"got {np.shape(images)}"
            )
        centred = jnp.asarray(images) - self.mean
        flat = centred.reshape(*centred.shape[:-3], -1)
        return jnp.matmul(flat, self.eigenvectors, precision=_HIGHEST)

    def decode(self, coefficients: jax.Array) -> jax.Array:
        """Returns the images ``(..., H, W, C)`` that have the coefficients ``(..., k)``.

        Raises:
            ValueError: on another number of coefficients.
        """
        if np.shape(coefficients)[-1:] != self.eigenvalues.shape:
            raise ValueError(
                f"coefficients: expected (..., {len(self.eigenvalues)}), "
                f"got {np.shape(coefficients)}"
            )
        flat = jnp.matmul(coefficients, self.eigenvectors.T, precision=_HIGHEST)
        return self.mean + flat.reshape(*flat.shape[:-1], *self.mean.shape)

    def reconstruct(self, images: jax.Array) -> jax.Array:
        """Replaces ``(..., H, W, C)`` by the nearest images of the mean plus eigenvectors.

        Raises:
            ValueError: where the images aren't of the mean's size.
        """
        return self.decode(self.encode(images))

    def truncate(self, components: int) -> "GaussianModel":
        """Keeps the first eigenvectors.

        Raises:
            ValueError: where ``components`` isn't from 1 to the number there is.
        """
        _check_components(components, len(self.eigenvalues))
        return self.replace(
            eigenvectors=self.eigenvectors[:, :components],
            eigenvalues=self.eigenvalues[:components],
        )

    def components_for(self, share: float | jax.Array) -> jax.Array:
        """Returns the least number of components that have a share in [0, 1] of the variance."""
        cumulative = jnp.cumsum(self.eigenvalues)
        return 1 + jnp.searchsorted(cumulative, share * cumulative[-1])


def fit_gaussian(images: jax.Array, components: int | None = None) -> GaussianModel:
    """Fits a Gaussian to images by maximum likelihood: the covariance is over N, not N - 1.

    Args:
        images: ``(N, H, W, C)``. Fewer images than pixels take a singular value decomposition.
        components: how many eigenvectors are kept; None for all min(N, H W C).

    Returns:
        The model, in the type of ``images``.

    Raises:
        ValueError: where ``images`` isn't real floating point of four axes, or ``components`` not
            from 1 to min(N, H W C).

    Source: Tipping, Bishop, "Probabilistic principal component analysis", Journal of the Royal
    Statistical Society B 61(3), 1999, without its noise term.
    """
    images = as_image("images", images, real=True)
    if images.ndim != 4:
        raise ValueError(f"images: expected shape (N, H, W, C), got {images.shape}")
    size = images[0].size
    most = min(len(images), size)
    components = most if components is None else components
    _check_components(components, most)
    mean, eigenvalues, eigenvectors = _fit(images.reshape(-1, size))
    model = GaussianModel(mean.reshape(images.shape[1:]), eigenvectors, eigenvalues)
    return model.truncate(components)


@jax.jit
def _fit(x):
    mean = jnp.mean(x, axis=0)
    centred = x - mean
    if len(x) < x.shape[-1]:
        _, singular, right = jnp.linalg.svd(centred / jnp.sqrt(len(x)), full_matrices=False)
        return mean, singular**2, right.T
    covariance = jnp.matmul(centred.T, centred, precision=_HIGHEST) / len(x)
    eigenvalues, eigenvectors = jnp.linalg.eigh(covariance)
    return mean, jnp.maximum(eigenvalues[::-1], 0), eigenvectors[:, ::-1]


def _check_components(components, most):
    if not 1 <= components <= most:
        raise ValueError(f"components: expected 1 to {most}, got {components}")


@struct.dataclass
class GaussianPerClass:
    """A `GaussianModel` a class: a generator on demand.

    Attributes:
        models: one whose arrays have a leading axis of classes.
    """

    models: GaussianModel

    def sample(self, key: jax.Array, labels: jax.Array) -> jax.Array:
        """Draws an image of each label: ``(N, H, W, C)``, not clipped to any range.

        Args:
            key: random key.
            labels: ``(N,)`` integers from 0 to classes - 1.

        Raises:
            ValueError: where ``labels`` isn't a row of integers.
        """
        labels = _as_labels(labels)
        shape = (len(labels), self.models.eigenvalues.shape[-1])
        return self.draw(jax.random.normal(key, shape, self.models.mean.dtype), labels)

    def draw(self, z: jax.Array, labels: jax.Array) -> jax.Array:
        """Makes the images ``(N, H, W, C)`` of labels ``(N,)`` out of white noise ``(N, k)``."""
        mean, eigenvalues = self.models.mean, self.models.eigenvalues
        z = z * jnp.sqrt(eigenvalues)[labels]

        # Every class's eigenvectors times its own rows: gathered by label they'd fill the memory.
        def add(images, class_and_vectors):
            label, vectors = class_and_vectors
            own = jnp.where((labels == label)[:, None], z, 0)
            return images + jnp.matmul(own, vectors.T, precision=_HIGHEST), None

        start = mean[labels].reshape(len(labels), -1)
        classes = jnp.arange(len(eigenvalues))
        images, _ = jax.lax.scan(add, start, (classes, self.models.eigenvectors))
        return images.reshape(-1, *mean.shape[1:])


def fit_gaussian_per_class(
    images: jax.Array, labels: np.ndarray, classes: int, components: int | None = None
) -> GaussianPerClass:
    """Fits `fit_gaussian` to the images of each class.

    Args:
        images: ``(N, H, W, C)``.
        labels: ``(N,)`` integers from 0 to classes - 1, known before compilation.
        classes: their number.
        components: how many eigenvectors are kept; None for as many as the smallest class has.

    Returns:
        The models.

    Raises:
        ValueError: as `fit_gaussian`, where ``labels`` aren't one integer an image, or a class has
            no image.
    """
    labels = np.asarray(_as_labels(labels))
    if len(labels) != len(images):
        raise ValueError(
            f"labels: expected one for each of {len(images)} images, got {len(labels)}"
        )
    counts = np.bincount(labels, minlength=classes)
    if len(counts) > classes or 0 in counts:
        raise ValueError(
            f"labels: expected all of 0 to {classes - 1}, got counts {counts.tolist()}"
        )
    if components is None:
        components = min(counts.min(), np.size(images[0]))
    models = [fit_gaussian(images[labels == label], components) for label in range(classes)]
    return GaussianPerClass(jax.tree.map(lambda *leaves: jnp.stack(leaves), *models))


def _as_labels(labels):
    if np.ndim(labels) != 1 or not jnp.issubdtype(labels.dtype, jnp.integer):
        raise ValueError(f"labels: expected integers (N,), got {np.shape(labels)} {labels.dtype}")
    return labels
