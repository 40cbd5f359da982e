"""Forward and adjoint of operators in turns with numpy, scipy and scikit-image.

Every other side computes what ours does, unless its row says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.fft
import scipy.ndimage
import scipy.signal
import scipy.sparse

from imaging_jax import operators
from imaging_jax.solvers import FiniteDifferences

OURS = "ours"


@dataclass(frozen=True)
class Case:
    """One row: what is computed, by whom.

    Attributes:
      name: as the report calls it.
      programs: {who: function without arguments that returns when it is done}.
    """

    name: str
    programs: dict[str, Callable[[], Any]]


def ours(function: Callable, *arrays: Any) -> Callable[[], Any]:
    """A compiled program of images, each given one channel; done when its answer is there."""
    compiled = jax.jit(function)
    arrays = [jnp.asarray(array)[..., None] for array in arrays]
    return lambda: jax.block_until_ready(compiled(*arrays))


def image(size: int, channels: int = 0) -> np.ndarray:
    """Noise of this size, with an axis of channels where there are any."""
    shape = (size, size, channels) if channels else (size, size)
    return np.random.default_rng(0).random(shape, np.float32)


def _row(name: str, A: operators.LinearOperator, x: np.ndarray, who: str, other: Callable) -> Case:
    """The row of A.H A x."""
    x = x[..., None] if x.ndim == 2 else x
    compiled, given = jax.jit(lambda x: A.H(A(x))), jnp.asarray(x)
    programs = {OURS: lambda: jax.block_until_ready(compiled(given)), who: other}
    return Case(f"{name} + adjoint {x.shape[0]}²", programs)


def _fft(x):
    return scipy.fft.fft2(x, norm="ortho", axes=(-2, -1), workers=-1)


def _inverse(x):
    return scipy.fft.ifft2(x, norm="ortho", axes=(-2, -1), workers=-1)


def resize_case(size: int) -> Case:
    """Bicubic shrinking by 2 with antialiasing, by sparse matrices of rows and columns."""
    x = image(size)
    A = operators.Resize(1 / 2, in_shape=(size, size, 1))
    column = jax.jit(lambda v: operators.resize(v[:, None, None], shape=(size // 2, 1)))
    # What the resize does to each unit vector is its matrix.
    dense = np.stack([np.asarray(column(e))[:, 0, 0] for e in np.eye(size, dtype=np.float32)], 1)
    R = scipy.sparse.csr_array(dense)
    return _row("resize", A, x, "scipy", lambda: R.T @ (R @ x @ R.T) @ R)


def inpainting_case(size: int) -> Case:
    """A mask of pixels."""
    x = image(size)
    mask = (np.random.default_rng(1).random((size, size)) < 0.5).astype(np.float32)
    A = operators.Inpainting(mask[..., None], in_shape=(size, size, 1))
    return _row("inpainting", A, x, "numpy", lambda: mask * (mask * x))


def bayer_case(size: int) -> Case:
    """The mosaic of a colour sensor."""
    x, mask = image(size, 3), operators.bayer_mask((size, size)).astype(np.float32)
    A = operators.BayerMosaic(in_shape=x.shape)
    return _row("Bayer", A, x, "numpy", lambda: mask * (mask * x).sum(-1, keepdims=True))


def cassi_case(size: int, bands: int) -> Case:
    """A coded-aperture snapshot of many bands, each sheared by two pixels more."""
    x = image(size, bands)
    mask = (np.random.default_rng(1).random((size, size)) < 0.5).astype(np.float32)
    A = operators.Cassi(mask, 2, in_shape=x.shape)

    def numpys():
        y = np.zeros((size, size + 2 * (bands - 1)), np.float32)
        for band in range(bands):
            y[:, 2 * band : 2 * band + size] += mask * x[..., band]
        return np.stack([mask * y[:, 2 * b : 2 * b + size] for b in range(bands)], axis=-1)

    return _row(f"CASSI, {bands} bands,", A, x, "numpy", numpys)


def compressive_sensing_case(size: int) -> Case:
    """A Gaussian matrix of a quarter as many rows as pixels."""
    x = image(size)
    matrix = operators.sample_gaussian_matrix(jax.random.key(0), size**2 // 4, size**2)
    A = operators.CompressiveSensing(matrix, in_shape=(size, size, 1))
    rows = np.asarray(matrix)
    return _row("Gaussian sensing", A, x, "numpy", lambda: rows.T @ (rows @ x.ravel()))


def subsampled_dct_case(size: int) -> Case:
    """A quarter of the DCT of randomly signed pixels."""
    x = image(size)
    A = operators.sample_subsampled_transform(
        jax.random.key(0), (size, size, 1), size**2 // 4, "dct"
    )
    signs, indices = np.asarray(A.signs).reshape(size, size), np.asarray(A.indices)

    def scipys():
        y = scipy.fft.dctn(signs * x, norm="ortho", workers=-1).ravel()[indices]
        spread = np.zeros(size**2, np.float32)
        spread[indices] = y
        back = scipy.fft.idctn(spread.reshape(size, size), norm="ortho", workers=-1)
        return signs * back

    return _row("subsampled DCT", A, x, "scipy", scipys)


def coded_diffraction_case(size: int) -> Case:
    """Fourier transforms behind four masks."""
    x = image(size)
    masks = operators.sample_diffraction_masks(jax.random.key(0), (size, size), 4)
    A = operators.CodedDiffraction(masks, in_shape=(size, size, 1))
    stack = np.asarray(masks).reshape(4, size, size) / 2

    def scipys():
        return np.sum(stack.conj() * _inverse(_fft(stack * x)), axis=0).real

    return _row("coded diffraction, 4 masks,", A, x, "scipy", scipys)


def multi_coil_case(size: int) -> Case:
    """Masked Fourier transforms seen by eight coils."""
    x = image(size)
    mask = operators.sample_cartesian_mask(jax.random.key(0), (size, size), 4)
    coils = operators.birdcage_sensitivities((size, size), 8)
    A = operators.MultiCoilFourier(mask, coils, in_shape=(size, size, 1))
    kept = np.asarray(mask).reshape(size, size)
    sensitivities = np.asarray(coils).reshape(8, size, size)

    def scipys():
        y = kept * _fft(sensitivities * x)
        return np.sum(sensitivities.conj() * _inverse(kept * y), axis=0).real

    return _row("8 coils", A, x, "scipy", scipys)


def fourier_shift_case(size: int) -> Case:
    """A shift by fractions of a pixel."""
    x, shift = image(size), (10.5, 20.25)
    A = operators.FourierShift(jnp.array(shift), in_shape=(size, size, 1))

    def moved(v, by):
        return scipy.fft.ifft2(
            scipy.ndimage.fourier_shift(scipy.fft.fft2(v, workers=-1), by), workers=-1
        ).real

    return _row("shift", A, x, "scipy", lambda: moved(moved(x, shift), [-s for s in shift]))


def affine_case(size: int) -> Case:
    """An affine warp; scipy's cubic splines have no adjoint and warp twice."""
    x = image(size)
    matrix = np.array([[0.9, 0.2], [-0.2, 1.1]], np.float32)
    offset = np.array([5.0, -3.0], np.float32)
    A = operators.AffineWarp(
        jnp.asarray(matrix), jnp.asarray(offset), (size, size), in_shape=(size, size, 1)
    )

    def scipys():
        warped = scipy.ndimage.affine_transform(x, matrix, offset, prefilter=False)
        return scipy.ndimage.affine_transform(warped, matrix, offset, prefilter=False)

    return _row("affine warp (scipy: twice)", A, x, "scipy", scipys)


def varying_blur_case(size: int) -> Case:
    """A blur that changes over nine tiles; scipy blurs the whole image by each kernel and back."""
    x = image(size)
    sigmas = np.linspace(0.5, 3.0, 9).reshape(3, 3)
    kernels = jnp.array([[operators.gaussian_kernel(15, s) for s in row] for row in sigmas])
    A = operators.SpatiallyVaryingBlur(kernels, in_shape=(size, size, 1))
    singles = np.asarray(kernels).reshape(9, 15, 15)

    def scipys():
        y = sum(scipy.signal.fftconvolve(x, kernel, "same") for kernel in singles)
        return sum(scipy.signal.fftconvolve(y, kernel, "same") for kernel in singles)

    return _row("varying blur (scipy: unweighted)", A, x, "scipy", scipys)


def differences_case(size: int) -> Case:
    """Forward differences of rows and columns, and minus the divergence."""
    x = image(size)
    A = FiniteDifferences(in_shape=(size, size, 1))

    def numpys():
        back = np.zeros_like(x)
        for axis in (0, 1):
            d = np.diff(x, axis=axis)
            first, last = [(0, 0), (0, 0)], [(0, 0), (0, 0)]
            first[axis], last[axis] = (1, 0), (0, 1)
            back += np.pad(d, first) - np.pad(d, last)
        return back

    return _row("differences", A, x, "numpy", numpys)


def cases(size: int) -> list[Case]:
    """The rows of operators, at this size where it doesn't ask too much memory."""
    return [
        resize_case(size),
        inpainting_case(size),
        bayer_case(size),
        cassi_case(size // 2, 28),
        compressive_sensing_case(64),
        subsampled_dct_case(size),
        coded_diffraction_case(size),
        multi_coil_case(size // 2),
        fourier_shift_case(size),
        affine_case(size),
        varying_blur_case(size),
        differences_case(size),
    ]
