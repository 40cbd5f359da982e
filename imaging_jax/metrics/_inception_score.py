import jax
import jax.numpy as jnp
from jax.scipy.special import entr

from imaging_jax.metrics._features import as_features


def inception_score(probabilities: jax.Array, splits: int = 1) -> jax.Array:
    """Inception score IS of a classifier's probabilities; larger is better.

    ``exp(mean KL(p(y|x) ‖ p(y)))``, the mean over consecutive parts. The convention is 10 parts of
    5,000. One typical image a class reaches the maximum, so it says nothing of variety within one.

    Args:
      probabilities: ``(N, classes)``, rows that sum to 1.
      splits: number of parts, at most N; the last N mod splits rows don't count.

    Returns:
      A scalar between 1 and the number of classes.

    Raises:
      ValueError: where ``probabilities`` isn't real floating point of two axes, or ``splits`` not
        in 1 to N.

    Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen, "Improved techniques for training GANs",
    NeurIPS 2016, section 4.
    """
    probabilities = as_features("probabilities", probabilities)
    count, classes = probabilities.shape
    if not 1 <= splits <= count:
        raise ValueError(f"splits: expected 1 to {count}, got {splits}")
    size = count // splits
    parts = probabilities[: splits * size].reshape(splits, size, classes)
    marginal = jnp.sum(entr(jnp.mean(parts, axis=1)), axis=-1)
    conditional = jnp.mean(jnp.sum(entr(parts), axis=-1), axis=-1)
    return jnp.mean(jnp.exp(marginal - conditional))
