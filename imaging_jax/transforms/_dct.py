import jax
import jax.scipy.fft

from imaging_jax._images import as_image

_AXES = (-3, -2)


def dct2(x: jax.Array) -> jax.Array:
    """The orthonormal two-dimensional DCT-II of every channel.

    ``X[k] = c[k] sqrt(2/N) sum_n x[n] cos(pi (2n + 1) k / (2N))`` along height and width, with
    ``c[0] = 1/sqrt(2)`` and 1 elsewhere.

    Args:
      x: real images ``(..., H, W, C)``, any size.

    Returns:
      Coefficients ``(..., H, W, C)``, frequency 0 first.

    Raises:
      ValueError: where ``x`` isn't a real floating-point image.

    Ahmed, Natarajan, Rao, "Discrete cosine transform", IEEE Trans. Computers 1974.
    """
    return jax.scipy.fft.dctn(as_image("x", x, real=True), axes=_AXES, norm="ortho")


def idct2(x: jax.Array) -> jax.Array:
    """The inverse of `dct2`, which is also its transpose (the DCT-III).

    Args:
      x: real coefficients ``(..., H, W, C)``.

    Returns:
      Images ``(..., H, W, C)``.

    Raises:
      ValueError: where ``x`` isn't a real floating-point image.
    """
    return jax.scipy.fft.idctn(as_image("x", x, real=True), axes=_AXES, norm="ortho")
