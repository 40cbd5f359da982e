import jax
import jax.numpy as jnp

_LEAST_ACTIVATION = 1e-6


def squared_error(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """``||prediction - target||²`` of each sample, and the mean of that over the batch.

    Args:
      prediction: ``(N, ...)``.
      target: the same shape.

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: where the shapes differ.

    Source: Hinton, Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks",
    Science 2006.
    """
    _check_shapes(prediction, target)
    return jnp.mean(_per_sample((prediction - target) ** 2))


def error_norm(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """``||prediction - target||``, not squared, of each sample, and the mean over the batch.

    Its gradient is the difference divided by its norm, and 0 where they are equal.

    Args:
      prediction: ``(N, ...)``.
      target: the same shape.

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: where the shapes differ.
    """
    _check_shapes(prediction, target)
    square = _per_sample((prediction - target) ** 2)
    # The root's gradient at 0 is infinite, and would be NaN through a `where` around it.
    positive = jnp.where(square > 0, square, 1)
    return jnp.mean(jnp.where(square > 0, jnp.sqrt(positive), 0))


def sparse_kl(activations: jax.Array, rho: float = 0.05) -> jax.Array:
    """Sum over the units of KL(rho || rho_j), rho_j the mean activation of unit j in the batch.

    Args:
      activations: ``(N, units)`` in [0, 1], of sigmoid units; N at least about 100.
      rho: wanted mean activation, in (0, 1).

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: on activations of another number of axes, or rho outside (0, 1).

    Source: Ng, "Sparse autoencoder", CS294A lecture notes, 2011, section 3.
    """
    if activations.ndim != 2:
        raise ValueError(f"activations: expected shape (N, units), got {activations.shape}")
    if not 0 < rho < 1:
        raise ValueError(f"rho must lie in (0, 1), got {rho}")
    mean = jnp.clip(jnp.mean(activations, axis=0), _LEAST_ACTIVATION, 1 - _LEAST_ACTIVATION)
    return jnp.sum(rho * jnp.log(rho / mean) + (1 - rho) * jnp.log((1 - rho) / (1 - mean)))


def binary_cross_entropy(logits: jax.Array, target: jax.Array) -> jax.Array:
    """Cross-entropy of pixels summed over each sample, averaged over the batch, in nats.

    Args:
      logits: ``(N, ...)``, of the probability that a pixel is 1.
      target: the same shape, in [0, 1].

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: where the shapes differ.

    Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014, appendix C.1.
    """
    _check_shapes(logits, target)
    return jnp.mean(_per_sample(jax.nn.softplus(logits) - target * logits))


def gaussian_kl(mean: jax.Array, log_variance: jax.Array) -> jax.Array:
    """KL(N(mean, variance) || N(0, 1)) summed over the latents, averaged over the batch, in nats.

    Args:
      mean: ``(N, latents)``.
      log_variance: the same shape.

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: where the shapes differ.

    Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014, appendix B.
    """
    _check_shapes(mean, log_variance)
    kl = 0.5 * (jnp.exp(log_variance) + mean**2 - 1 - log_variance)
    return jnp.mean(_per_sample(kl))


def _per_sample(x):
    return jnp.sum(x.reshape(x.shape[0], -1), axis=1)


def _check_shapes(first, second):
    # Broadcasting would hide a forgotten axis.
    if first.shape != second.shape:
        raise ValueError(f"expected two arrays of one shape, got {first.shape} and {second.shape}")
    if first.ndim < 2:
        raise ValueError(f"expected arrays of shape (N, ...), got {first.shape}")
