import jax
import jax.numpy as jnp
from flax import struct

from imaging_jax.metrics._features import as_features, check_same_width


@struct.dataclass
class FeatureMoments:
    """The Gaussian that `frechet_distance` compares: moments of a set of features, in float64.

    Attributes:
      mean: ``(D,)``.
      covariance: ``(D, D)``, over N - 1.
    """

    mean: jax.Array
    covariance: jax.Array


def frechet_distance(features1: jax.Array, features2: jax.Array) -> jax.Array:
    """Fréchet distance of two sets of features, FID where they are Inception's; smaller is nearer.

    ``‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½)``, computed in float64. It falls with the number of
    samples, so compare distances of equal numbers only.

    Args:
      features1: ``(N, D)``, N at least 2.
      features2: ``(M, D)``, M at least 2.

    Returns:
      A float64 scalar, at least 0 up to rounding.

    Raises:
      ValueError: where the features aren't real floating point, of two axes and the same D, or are
        fewer than two.

    Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter, "GANs trained by a two time-scale update
    rule converge to a local Nash equilibrium", NeurIPS 2017, equation 6.
    """
    features1, features2 = as_features("features1", features1), as_features("features2", features2)
    check_same_width("features1", features1, "features2", features2)
    return frechet_distance_of_moments(feature_moments(features1), feature_moments(features2))


def feature_moments(features: jax.Array) -> FeatureMoments:
    """Mean and covariance of features ``(N, D)``, to be computed once of a reference set.

    Raises:
      ValueError: where the features aren't real floating point, ``(N, D)``, or are fewer than two.
    """
    with jax.enable_x64(True):
        features = as_features("features", features, least=2)
        return _moments(features)


def frechet_distance_of_moments(moments1: FeatureMoments, moments2: FeatureMoments) -> jax.Array:
    """`frechet_distance` of sets whose moments are known.

    Raises:
      ValueError: where the shapes of the moments aren't ``(D,)`` and ``(D, D)`` of one D.
    """
    width = jnp.shape(moments1.mean)[-1:]
    for name, moments in (("moments1", moments1), ("moments2", moments2)):
        shapes = jnp.shape(moments.mean), jnp.shape(moments.covariance)
        if shapes != (width, 2 * width):
            raise ValueError(f"{name}: expected shapes {(width, 2 * width)}, got {shapes}")
    with jax.enable_x64(True):
        return _distance(*jax.tree.map(lambda x: jnp.asarray(x, float), (moments1, moments2)))


@jax.jit
def _moments(features):
    features = features.astype(float)
    mean = jnp.mean(features, axis=0)
    centred = features - mean
    return FeatureMoments(mean, centred.T @ centred / (len(features) - 1))


@jax.jit
def _distance(moments1, moments2):
    # The eigenvalues of Σ₁ Σ₂ are those of S Σ₂ S with S = Σ₁^½: symmetric, so always real.
    values, vectors = jnp.linalg.eigh(moments1.covariance)
    root = (vectors * jnp.sqrt(jnp.maximum(values, 0))) @ vectors.T
    product = jnp.linalg.eigvalsh(root @ moments2.covariance @ root)
    traces = jnp.trace(moments1.covariance) + jnp.trace(moments2.covariance)
    shift = jnp.sum((moments1.mean - moments2.mean) ** 2)
    return shift + traces - 2 * jnp.sum(jnp.sqrt(jnp.maximum(product, 0)))
