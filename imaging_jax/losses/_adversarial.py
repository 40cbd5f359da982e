from collections.abc import Callable

import jax
import jax.numpy as jnp


def cross_entropy_discriminator_loss(
    real_logits: jax.Array, fake_logits: jax.Array, real_label: float = 1.0
) -> jax.Array:
    """Binary cross-entropy of the discriminator: real images are labelled 1, generated ones 0.

    With equal distributions the best discriminator gives 0 everywhere and the loss is 2 ln 2.

    Args:
      real_logits: any shape.
      fake_logits: any shape.
      real_label: the label of real images; below 1 it is one-sided label smoothing.

    Returns:
      A scalar.

    Raises:
      ValueError: on logits that aren't real floating point, or a label outside (0, 1].

    Source: Goodfellow et al., "Generative Adversarial Nets", NIPS 2014, equation 1; smoothing by
    Salimans et al., "Improved Techniques for Training GANs", NIPS 2016, section 3.4.
    """
    _check_logits(real_logits=real_logits, fake_logits=fake_logits)
    if not 0 < real_label <= 1:
        raise ValueError(f"real_label must lie in (0, 1], got {real_label}")
    real = real_label * jax.nn.softplus(-real_logits)
    if real_label < 1:
        real += (1 - real_label) * jax.nn.softplus(real_logits)
    return jnp.mean(real) + jnp.mean(jax.nn.softplus(fake_logits))


def minimax_generator_loss(fake_logits: jax.Array) -> jax.Array:
    """``mean log(1 - D(G(z)))``, whose gradient vanishes where the discriminator is sure.

    Args:
      fake_logits: any shape.

    Returns:
      A scalar, at most 0.

    Raises:
      ValueError: on logits that aren't real floating point.

    Source: Goodfellow et al., "Generative Adversarial Nets", NIPS 2014, equation 1.
    """
    _check_logits(fake_logits=fake_logits)
    return -jnp.mean(jax.nn.softplus(fake_logits))


def non_saturating_generator_loss(fake_logits: jax.Array) -> jax.Array:
    """``-mean log D(G(z))``, whose gradient stays near 1 where the discriminator is sure.

    Args:
      fake_logits: any shape.

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: on logits that aren't real floating point.

    Source: Goodfellow et al., "Generative Adversarial Nets", NIPS 2014, section 3.
    """
    _check_logits(fake_logits=fake_logits)
    return jnp.mean(jax.nn.softplus(-fake_logits))


def least_squares_discriminator_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """``½ mean (D(x) - 1)² + ½ mean D(G(z))²``.

    Args:
      real_logits: any shape.
      fake_logits: any shape.

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: on logits that aren't real floating point.

    Source: Mao et al., "Least Squares Generative Adversarial Networks", ICCV 2017, equation 9.
    """
    _check_logits(real_logits=real_logits, fake_logits=fake_logits)
    return 0.5 * (jnp.mean((real_logits - 1) ** 2) + jnp.mean(fake_logits**2))


def least_squares_generator_loss(fake_logits: jax.Array) -> jax.Array:
    """``½ mean (D(G(z)) - 1)²``.

    Args:
      fake_logits: any shape.

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: on logits that aren't real floating point.

    Source: Mao et al., "Least Squares Generative Adversarial Networks", ICCV 2017, equation 9.
    """
    _check_logits(fake_logits=fake_logits)
    return 0.5 * jnp.mean((fake_logits - 1) ** 2)


def hinge_discriminator_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """``mean max(0, 1 - D(x)) + mean max(0, 1 + D(G(z)))``.

    Args:
      real_logits: any shape.
      fake_logits: any shape.

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: on logits that aren't real floating point.

    Source: Miyato, Kataoka, Koyama, Yoshida, "Spectral Normalization for Generative Adversarial
    Networks", ICLR 2018, equation 16.
    """
    _check_logits(real_logits=real_logits, fake_logits=fake_logits)
    return jnp.mean(jax.nn.relu(1 - real_logits)) + jnp.mean(jax.nn.relu(1 + fake_logits))


def wasserstein_discriminator_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """``mean D(G(z)) - mean D(x)``, minus the critic's estimate of the Wasserstein distance.

    Args:
      real_logits: any shape.
      fake_logits: any shape.

    Returns:
      A scalar.

    Raises:
      ValueError: on logits that aren't real floating point.

    Source: Arjovsky, Chintala, Bottou, "Wasserstein GAN", ICML 2017, algorithm 1.
    """
    _check_logits(real_logits=real_logits, fake_logits=fake_logits)
    return jnp.mean(fake_logits) - jnp.mean(real_logits)


def wasserstein_generator_loss(fake_logits: jax.Array) -> jax.Array:
    """``-mean D(G(z))``, with which the hinge loss is trained too.

    Args:
      fake_logits: any shape.

    Returns:
      A scalar.

    Raises:
      ValueError: on logits that aren't real floating point.

    Source: Arjovsky, Chintala, Bottou, "Wasserstein GAN", ICML 2017, algorithm 1.
    """
    _check_logits(fake_logits=fake_logits)
    return -jnp.mean(fake_logits)


ADVERSARIAL_LOSSES: dict[str, tuple[Callable[..., jax.Array], Callable[..., jax.Array]]] = {
    "hinge": (hinge_discriminator_loss, wasserstein_generator_loss),
    "least_squares": (least_squares_discriminator_loss, least_squares_generator_loss),
    "minimax": (cross_entropy_discriminator_loss, minimax_generator_loss),
    "non_saturating": (cross_entropy_discriminator_loss, non_saturating_generator_loss),
    "wasserstein": (wasserstein_discriminator_loss, wasserstein_generator_loss),
}
"""The loss of the discriminator, of (real_logits, fake_logits), and that of the generator."""


def _check_logits(**logits):
    for name, value in logits.items():
        if not jnp.issubdtype(value.dtype, jnp.floating):
            raise ValueError(f"{name} must be real floating point, got {value.dtype}")
