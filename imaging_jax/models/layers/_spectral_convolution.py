import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers._convolution import convolve


class SpectralConv(nn.Module):
    """A 3x3 convolution divided by its norm as an operator on images: real spectral normalisation.

    The norm is that of the convolution with zero padding on ``side x side`` images, not of the
    kernel reshaped to a matrix. In training each call takes one step of power iteration; the vector
    ``u`` and the estimate ``sigma`` live in the collection "spectral".

    Attributes:
        features: output channels.
        side: of the images on which the norm is taken.
        dtype: type of computation; parameters are float32.
        precision: of the convolution.

    Source: Ryu, Liu, Wang, Chen, Wang, Yin, "Plug-and-Play Methods Provably Converge with Properly
    Trained Denoisers", ICML 2019, section 4.
    """

    features: int
    side: int = 40
    dtype: jnp.dtype = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        """Convolves ``(..., H, W, C)``; ``train`` updates the estimate of the norm."""
        shape = (3, 3, x.shape[-1], self.features)
        kernel = self.param("kernel", nn.initializers.he_normal(), shape)
        u = self.variable("spectral", "u", self._random_image)
        sigma = self.variable("spectral", "sigma", jnp.ones, ())
        norm = sigma.value
        if train:
            new_u, norm = _power_step(kernel, u.value)
            if not self.is_initializing():
                u.value, sigma.value = new_u, jax.lax.stop_gradient(norm)
        kernel = (kernel / norm).astype(self.dtype)
        return _convolve(x.astype(self.dtype), kernel, self.precision)

    def _random_image(self):
        image = jax.random.normal(self.make_rng("params"), (1, self.side, self.side, self.features))
        return _normalize(image)


def _power_step(kernel, u):
    image = jax.ShapeDtypeStruct((*u.shape[:-1], kernel.shape[2]), u.dtype)
    transpose = jax.linear_transpose(lambda v: _convolve(v, kernel, None), image)
    (v,) = transpose(u)
    v = jax.lax.stop_gradient(_normalize(v))
    u = jax.lax.stop_gradient(_normalize(_convolve(v, kernel, None)))
    return u, jnp.vdot(u, _convolve(v, kernel, None))


def _convolve(x, kernel, precision):
    batched = x.reshape(-1, *x.shape[-3:])
    y = convolve(
        batched,
        kernel,
        (1, 1),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=precision,
    )
    return y.reshape(*x.shape[:-1], kernel.shape[-1])


def _normalize(x):
    return x / jnp.linalg.norm(x)
