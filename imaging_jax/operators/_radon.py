from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._images import as_image
from imaging_jax.operators._hand_transposed import hand_transposed
from imaging_jax.operators._linear_operator import LinearOperator

Filter = Literal["ramp", "shepp-logan", "cosine", "hamming", "hann", "none"]


def radon(x: jax.Array, angles: jax.Array) -> jax.Array:
    """The parallel-beam Radon transform: column sums of the image turned by every angle.

    Detector ``t`` under the angle ``a`` measures ``sum_s x(row, column)`` at
    ``column = c + (t - c) cos a + (s - c) sin a`` and ``row = c - (t - c) sin a + (s - c) cos a``
    for ``s = 0 ... N - 1``, with ``c = floor(N / 2)`` and bilinear interpolation; the image is zero
    outside. The object should lie within the inscribed circle: corners are seen in part only. It
    and its gradient in ``x`` are exact transposes of each other, both gathers.

    Args:
      x: images ``(..., N, N, C)``, real or complex.
      angles: ``(A,)``, degrees.

    Returns:
      Sinograms ``(..., N, A, C)``, line integrals in pixels; differentiable in both arguments.

    Raises:
      ValueError: where ``x`` isn't a square floating-point image, or ``angles`` isn't a real
        vector.

    Geometry of scikit-image's ``radon(circle=True)``; Kak, Slaney, "Principles of Computerized
    Tomographic Imaging", 1988, chapter 3.
    """
    x = as_image("x", x)
    if x.shape[-3] != x.shape[-2]:
        raise ValueError(f"x: expected a square image (..., N, N, C), got {x.shape}")
    return _over_channels(_project, _directions(angles, x), x)


def radon_transpose(y: jax.Array, angles: jax.Array) -> jax.Array:
    """The exact transpose of `radon`: back-projection along the interpolated rays.

    Args:
      y: sinograms ``(..., N, A, C)``, real or complex.
      angles: ``(A,)``, degrees.

    Returns:
      Images ``(..., N, N, C)``; differentiable in both arguments.

    Raises:
      ValueError: where ``y`` isn't a floating-point sinogram, or ``angles`` isn't a real vector of
        as many angles.
    """
    y = as_image("y", y)
    return _over_channels(_project_transpose, _directions(angles, y, y.shape[-2]), y)


class Radon(LinearOperator):
    """`radon` as a linear operator, differentiable in its angles.

    Attributes:
      angles: ``(A,)``, degrees.
    """

    angles: jax.Array

    def forward(self, x: jax.Array) -> jax.Array:
        """Projects ``x`` of shape ``in_shape``."""
        return radon(x, self.angles)


def filtered_back_projection(
    y: jax.Array, angles: jax.Array, filter_name: Filter = "ramp"
) -> jax.Array:
    """Inverts `radon` by filtering every projection and smearing it back over the image.

    ``x = pi / (2 A) sum_a (h * y_a)(c + (column - c) cos a - (row - c) sin a)`` with linear
    interpolation. The filter h is the band-limited ramp, sampled in space, times a window in
    frequency; the projections are padded with zeros to a power of two.

    Args:
      y: sinograms ``(..., N, A, C)`` of angles that cover half a turn evenly.
      angles: ``(A,)``, degrees.
      filter_name: the ramp, the ramp times a window, or ``"none"`` for plain back-projection.

    Returns:
      Images ``(..., N, N, C)``, zero outside the inscribed circle.

    Raises:
      ValueError: where ``y`` isn't a real floating-point sinogram, ``angles`` isn't a real vector
        of as many angles, or the filter isn't one of those above.

    Kak, Slaney, "Principles of Computerized Tomographic Imaging", 1988, equations 35 and 61 of
    chapter 3; windows and scale of scikit-image's ``iradon(circle=True)``.
    """
    y = as_image("y", y, real=True)
    directions = _directions(angles, y, y.shape[-2])
    if filter_name not in _WINDOWS:
        raise ValueError(f"filter_name: expected one of {', '.join(_WINDOWS)}, got {filter_name!r}")
    size, count = y.shape[-3:-1]
    # The corners of the image lie on rays beyond the detectors, and the filter has long tails.
    diagonal = int(np.ceil(np.sqrt(2) * size))
    before = diagonal // 2 - size // 2
    y = jnp.pad(y, [(0, 0)] * (y.ndim - 3) + [(before, diagonal - size - before), (0, 0), (0, 0)])
    padded = max(64, 2 ** int(np.ceil(np.log2(2 * diagonal))))
    response = jnp.asarray(_filter_response(filter_name, padded), y.dtype)[:, None, None]
    spectrum = response * jnp.fft.rfft(y, padded, axis=-3)
    filtered = jnp.fft.irfft(spectrum, padded, axis=-3)[..., :diagonal, :, :]
    x = _over_channels(lambda d, p: _smear(d, p, size), directions, filtered)
    across, along = _offsets(size, y.dtype)
    inside = across**2 + along**2 <= (size // 2) ** 2
    return jnp.where(inside[..., None], x * np.pi / (2 * count), 0)


def _project(directions, x):
    """(N, N) to (N, A)."""
    size = x.shape[0]
    across, along = _offsets(size, directions.dtype)
    # A frame of zeros: only a place whose four neighbours all lie outside needs a question.
    width = size + 2
    pixels = jnp.pad(x, 1).ravel()

    def project(direction):
        cosine, sine = direction
        row = cosine * along - sine * across + size // 2
        column = sine * along + cosine * across + size // 2
        top, left = jnp.floor(row), jnp.floor(column)
        down, right = row - top, column - left
        inside = (top >= -1) & (top < size) & (left >= -1) & (left < size)
        index = (top.astype(jnp.int32) + 1) * width + left.astype(jnp.int32) + 1
        index = jnp.where(inside, index, 0)

        def neighbour(step):
            return pixels.at[index + step].get(mode="promise_in_bounds")

        upper = (1 - right) * neighbour(0) + right * neighbour(1)
        lower = (1 - right) * neighbour(width) + right * neighbour(width + 1)
        return jnp.where(inside, (1 - down) * upper + down * lower, 0).sum(0)

    return jax.lax.map(project, directions).T


def _project_transpose(directions, y):
    """(N, A) to (N, N)."""
    size = y.shape[0]
    across, along = _offsets(size, directions.dtype)
    projections = jnp.pad(y, [(3, 3), (0, 0)]).T

    def back_project(image, direction_and_projection):
        (cosine, sine), projection = direction_and_projection
        # Where the pixel is in the turned image. The samples (t, s) that read it lie in a turned
        # square of half-diagonal sqrt(2) around that place: three by three at most.
        t = cosine * across - sine * along
        s = sine * across + cosine * along
        first_t, first_s = jnp.ceil(t - np.sqrt(2)), jnp.ceil(s - np.sqrt(2))
        index = jnp.clip(first_t + (size // 2 + 3), 0, size + 3).astype(jnp.int32)

        def weight(sample_t, sample_s):
            right, down = sample_t - t, sample_s - s
            weight = _hat(cosine * right + sine * down) * _hat(cosine * down - sine * right)
            exists = (sample_s >= -(size // 2)) & (sample_s < size - size // 2)
            return jnp.where(exists, weight, 0)

        for k in range(3):
            weights = sum(weight(first_t + k, first_s + j) for j in range(3))
            image += weights * projection.at[index + k].get(mode="promise_in_bounds")
        return image, None

    start = jnp.zeros((size, size), y.dtype)
    return jax.lax.scan(back_project, start, (directions, projections))[0]


_project, _project_transpose = (
    hand_transposed(_project, _project_transpose),
    hand_transposed(_project_transpose, _project),
)


def _smear(directions, y, size):
    """Back-projects (detectors, A), centred on detectors // 2, to (size, size)."""
    across, along = _offsets(size, directions.dtype)

    def add(image, direction_and_projection):
        (cosine, sine), projection = direction_and_projection
        t = cosine * across - sine * along + len(y) // 2
        first = jnp.clip(jnp.floor(t), 0, len(y) - 2)
        right = jnp.clip(t - first, 0, 1)
        first = first.astype(jnp.int32)
        return image + (1 - right) * projection[first] + right * projection[first + 1], None

    start = jnp.zeros((size, size), y.dtype)
    return jax.lax.scan(add, start, (directions, y.T))[0]


_WINDOWS = {
    "ramp": lambda size: np.ones(size),
    "shepp-logan": lambda size: np.sinc(np.fft.fftfreq(size)),
    "cosine": lambda size: np.fft.fftshift(np.sin(np.pi * np.arange(size) / size)),
    "hamming": lambda size: np.fft.fftshift(np.hamming(size)),
    "hann": lambda size: np.fft.fftshift(np.hanning(size)),
    "none": None,
}


def _filter_response(filter_name, size):
    """The filter at the frequencies 0 ... size / 2, real."""
    if filter_name == "none":
        return np.ones(size // 2 + 1)
    distance = np.minimum(np.arange(size), size - np.arange(size))
    odd = distance % 2 == 1
    ramp = np.where(odd, -1 / (np.pi * np.where(odd, distance, 1)) ** 2, 0)
    ramp[0] = 0.25
    # Twice the ramp |f|: the angles cover half a turn.
    response = 2 * np.fft.fft(ramp).real * _WINDOWS[filter_name](size)
    # Hamming's and Hann's windows aren't even; their filters are the real part of the result.
    response = (response + np.roll(response[::-1], 1)) / 2
    return response[: size // 2 + 1]


def _over_channels(function, directions, x):
    """Maps a function of (directions, matrix) over the channels and all leading axes."""
    *leading, height, width, channels = x.shape
    planes = jnp.moveaxis(x, -1, -3).reshape(-1, height, width)
    if jnp.iscomplexobj(x):
        parts = [_over_planes(function, directions, part) for part in (planes.real, planes.imag)]
        planes = jax.lax.complex(*parts)
    else:
        planes = _over_planes(function, directions, planes)
    planes = planes.reshape(*leading, channels, *planes.shape[1:])
    return jnp.moveaxis(planes, -3, -1)


def _over_planes(function, directions, planes):
    # Without the axis of one the same gather takes half the time (CPU).
    if len(planes) == 1:
        return function(directions, planes[0])[None]
    return jax.vmap(function, (None, 0))(directions, planes)


def _offsets(size, dtype):
    """Columns (1, size) and rows (size, 1) from the centre."""
    # Both made before the loops: there XLA's code is three times slower (CPU).
    offsets = jnp.arange(size, dtype=dtype) - size // 2
    return offsets[None, :], offsets[:, None]


def _hat(t):
    return jnp.maximum(1 - jnp.abs(t), 0)


def _directions(angles, x, count=None):
    if np.ndim(angles) != 1 or np.size(angles) == 0 or jnp.iscomplexobj(angles):
        raise ValueError(f"angles: expected a real vector, got shape {np.shape(angles)}")
    if count not in (None, len(angles)):
        raise ValueError(f"angles: expected one for each of {count} columns, got {len(angles)}")
    radians = jnp.deg2rad(jnp.asarray(angles, jnp.finfo(x.dtype).dtype))
    # Once and for all: inside the loop XLA would take them anew for every pixel.
    return jnp.stack([jnp.cos(radians), jnp.sin(radians)], axis=-1)
