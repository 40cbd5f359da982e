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
    _check_shapes(prediction, target)
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
    _check_shapes(prediction, target)
    return jnp.mean((prediction - target) ** 2)


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
    _check_shapes(prediction, target)
    return jnp.mean(jnp.sqrt((prediction - target) ** 2 + epsilon**2))


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
    _check_shapes(prediction, target)
    if prediction.ndim < 3:
        raise ValueError(f"prediction: expected shape (..., H, W, C), got {prediction.shape}")
    return jnp.mean(0.5 * jnp.sum((prediction - target) ** 2, axis=(-3, -2, -1)))


def _check_shapes(prediction, target):
    # Broadcasting would hide a forgotten axis.
    if prediction.shape != target.shape:
        raise ValueError(
            f"target: expected the shape of prediction {prediction.shape}, got {target.shape}"
        )
