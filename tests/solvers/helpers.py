"""Problems that several tests solve."""

import jax
import jax.numpy as jnp
import numpy as np
import skimage.data

from imaging_jax.operators import Blur, LinearOperator, gaussian_kernel


class Matrix(LinearOperator):
    matrix: jax.Array

    def forward(self, x):
        return self.matrix @ x


def matrix_operator(matrix):
    return Matrix(matrix, in_shape=(matrix.shape[1],), in_dtype=matrix.dtype)


def camera():
    return skimage.data.camera()[..., None] / 255


def small_camera():
    return camera().reshape(256, 2, 256, 2, 1).mean(axis=(1, 3))


def noise(seed, shape):
    return np.random.RandomState(seed).standard_normal(shape)


def deblurring():
    """An image, a circular Gaussian blur and its noisy measurement."""
    x = small_camera()
    A = Blur(gaussian_kernel(25, jnp.float64(1.6)), in_shape=x.shape, in_dtype=jnp.float64)
    return x, A, A(x) + 0.01 * noise(0, x.shape)


def psnr(x, reference):
    return -10 * np.log10(np.mean((np.asarray(x) - reference) ** 2))


def assert_gradients(loss, arguments, rtol=1e-6):
    """Compares gradients with fourth-order finite differences along a random direction."""
    gradients = jax.grad(loss, argnums=tuple(range(len(arguments))))(*arguments)
    loss = jax.jit(loss)
    h = 1e-4
    for i, (argument, gradient) in enumerate(zip(arguments, gradients, strict=True)):
        direction = noise(100 + i, np.shape(argument))

        def along(t, i=i, argument=argument, direction=direction):
            return loss(*arguments[:i], argument + t * direction, *arguments[i + 1 :])

        difference = (8 * (along(h) - along(-h)) - (along(2 * h) - along(-2 * h))) / (12 * h)
        np.testing.assert_allclose(jnp.vdot(gradient, direction), difference, rtol=rtol)
