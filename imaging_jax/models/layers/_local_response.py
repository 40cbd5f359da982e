import jax
import jax.numpy as jnp


def local_response_norm(
    x: jax.Array, size: int = 5, alpha: float = 1e-4, beta: float = 0.75
) -> jax.Array:
    """Divides each number by a power of the mean square of its neighbours among the channels.

    ``x / (1 + alpha · mean)^beta`` over ``size`` channels, with zeros beyond the first and the
    last, as Caffe and Torch have it.

    Args:
        x: ``(..., C)``.
        size: channels that count, odd.
        alpha: of the mean square.
        beta: the power.

    Source: Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks", NIPS 2012, section 3.3.
    """
    squares = x.astype(jnp.float32) ** 2
    sums = jax.lax.reduce_window(
        squares, 0.0, jax.lax.add, (1,) * (x.ndim - 1) + (size,), (1,) * x.ndim, "SAME"
    )
    return (x * (1 + alpha / size * sums) ** -beta).astype(x.dtype)
