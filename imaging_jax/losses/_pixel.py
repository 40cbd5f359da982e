import jax
import jax.numpy as jnp


def l1(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """Mean absolute difference over all elements.

    Args:
      prediction: any shape.
      target: the same shape.

    Returns:
      A scalar.

    Raises:
      ValueError: where the shapes differ.
    """
    check_shapes(prediction, target)
    return jnp.mean(jnp.abs(prediction - target))


def mse(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """Mean squared difference over all elements.

    Args:
      prediction: any shape.
      target: the same shape.

    Returns:
      A scalar.

    Raises:
      ValueError: where the shapes differ.
    """
    check_shapes(prediction, target)
    return jnp.mean((prediction - target) ** 2)


def rmse(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """Root of the mean squared difference over all elements.

    Its gradient is 0 where both are equal.

    Args:
      prediction: any shape.
      target: the same shape.

    Returns:
      A scalar.

    Raises:
      ValueError: where the shapes differ.
    """
    square = mse(prediction, target)
    # The root's gradient at 0 is infinite, and would be NaN through a `where` around it.
    positive = jnp.where(square > 0, square, 1)
    return jnp.where(square > 0, jnp.sqrt(positive), 0)


def mrae(prediction: jax.Array, target: jax.Array, floor: float = 1e-3) -> jax.Array:
    """Mean relative absolute error, ``|prediction - target| / max(target, floor)``, over all.

    Targets are clamped from below: where a band is dark, the smallest error would weigh more than
    all bright bands. The default is a quarter of a level of 8 bits.

    Args:
      prediction: any shape.
      target: the same shape, not negative.
      floor: of what is divided by, in the units of ``target``; positive.

    Returns:
      A scalar.

    Raises:
      ValueError: where the shapes differ.

    Arad et al., "NTIRE 2022 Spectral Recovery Challenge and Data Set", CVPRW 2022.
    """
    check_shapes(prediction, target)
    return jnp.mean(jnp.abs(prediction - target) / jnp.maximum(target, floor))


def charbonnier(prediction: jax.Array, target: jax.Array, epsilon: float = 1e-3) -> jax.Array:
    """Mean of ``sqrt(difference² + epsilon²)`` over all elements, an L1 that is smooth at 0.

    Args:
      prediction: any shape.
      target: the same shape.
      epsilon: below it the loss is nearly quadratic; positive.

    Returns:
      A scalar, at least ``epsilon``.

    Raises:
      ValueError: where the shapes differ.

    Charbonnier, Blanc-Féraud, Aubert, Barlaud, "Two deterministic half-quadratic regularization
    algorithms for computed imaging", ICIP 1994.
    """
    check_shapes(prediction, target)
    return jnp.mean(jnp.sqrt((prediction - target) ** 2 + epsilon**2))


def negative_psnr(prediction: jax.Array, target: jax.Array, epsilon: float = 1e-5) -> jax.Array:
    """``10 log10(mean squared difference + epsilon)`` of each image, and its mean over the images.

    Every image counts by the decibels it gains, not by how hard it is.

    Args:
      prediction: ``(..., H, W, C)`` in [0, 1].
      target: the same shape.
      epsilon: keeps images that are restored nearly perfectly from weighing most; positive.

    Returns:
      A scalar, in decibels.

    Raises:
      ValueError: where the shapes differ or aren't of images.

    Chen, Chu, Zhang, Sun, "Simple baselines for image restoration", ECCV 2022, where it is
    called PSNR loss.
    """
    _check_images(prediction, target)
    error = jnp.mean((prediction - target) ** 2, axis=(-3, -2, -1))
    return jnp.mean(10 * jnp.log10(error + epsilon))


def sum_of_squares_half(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """``½ ||prediction - target||²`` of each image, and the mean of that over the images.

    Args:
      prediction: ``(..., H, W, C)``.
      target: the same shape.

    Returns:
      A scalar.

    Raises:
      ValueError: where the shapes differ or aren't of images.

    Kim, Lee, Lee, "Accurate image super-resolution using very deep convolutional networks", CVPR
    2016, section 3.2.
    """
    _check_images(prediction, target)
    return jnp.mean(0.5 * jnp.sum((prediction - target) ** 2, axis=(-3, -2, -1)))


def _check_images(prediction, target):
    check_shapes(prediction, target)
    if prediction.ndim < 3:
        raise ValueError(f"prediction: expected shape (..., H, W, C), got {prediction.shape}")


def check_shapes(prediction: jax.Array, target: jax.Array) -> None:
    """Raises ValueError where the shapes differ."""
    # Broadcasting would hide a forgotten axis.
    if prediction.shape != target.shape:
        raise ValueError(
            f"target: expected the shape of prediction {prediction.shape}, got {target.shape}"
        )
