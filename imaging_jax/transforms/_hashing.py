from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

_ROUNDS = 50
_WORD = 32


class Hashing(NamedTuple):
    """Bits of vectors: the signs of projections.

    Attributes:
      mean: ``(D,)``, subtracted before.
      projection: ``(D, bits)``.
    """

    mean: np.ndarray
    projection: np.ndarray

    def bits(self, x: jax.Array) -> jax.Array:
        """Codes ``(..., bits)`` of vectors ``(..., D)``: 1 where a projection is above 0."""
        return (x - self.mean) @ self.projection > 0


def lsh(x: np.ndarray, bits: int, seed: int = 1) -> Hashing:
    """Random projections from the mean: bits agree as often as vectors have a small angle there.

    Args:
      x: ``(N, D)`` whose mean is subtracted.
      bits: of a code, at least 1.
      seed: of the projections.

    Raises:
      ValueError: no bits.

    Source: Charikar, "Similarity estimation techniques from rounding algorithms", STOC 2002.
    """
    if bits < 1:
        raise ValueError(f"bits={bits}: wanted at least 1")
    x = np.asarray(x, np.float64)
    return Hashing(x.mean(axis=0), np.random.RandomState(seed).randn(x.shape[1], bits))


def pca_hashing(x: np.ndarray, bits: int) -> Hashing:
    """The signs of so many principal components.

    Args:
      x: ``(N, D)`` that they are of.
      bits: at most the lesser of N and D.

    Raises:
      ValueError: more bits than that.
    """
    x = np.asarray(x, np.float64)
    if not 1 <= bits <= min(x.shape):
        raise ValueError(f"bits={bits}: wanted 1 to {min(x.shape)}")
    mean = x.mean(axis=0)
    *_, axes = np.linalg.svd(x - mean, full_matrices=False)
    return Hashing(mean, axes[:bits].T)


def itq(x: np.ndarray, bits: int, seed: int = 0) -> Hashing:
    """Principal components, turned such that their signs lose least (iterative quantisation).

    Args:
      x: as of `pca_hashing`.
      bits: likewise.
      seed: of the first rotation; 50 rounds follow.

    Raises:
      ValueError: as `pca_hashing`.

    Source: Gong, Lazebnik, "Iterative quantization: a procrustean approach to learning binary
    codes", CVPR 2011.
    """
    mean, axes = pca_hashing(x, bits)
    V = (np.asarray(x, np.float64) - mean) @ axes
    R, _ = np.linalg.qr(np.random.RandomState(seed).randn(bits, bits))
    for _ in range(_ROUNDS):
        B = np.where(V @ R > 0, 1.0, -1.0)
        left, _, right = np.linalg.svd(B.T @ V)
        R = (left @ right).T
    return Hashing(mean, axes @ R)


def pack_bits(bits: jax.Array) -> jax.Array:
    """Packs booleans ``(..., B)`` into ``(..., ⌈B / 32⌉)`` uint32, the first as the lowest."""
    missing = -bits.shape[-1] % _WORD
    padded = jnp.pad(bits, [(0, 0)] * (bits.ndim - 1) + [(0, missing)])
    words = padded.reshape(*bits.shape[:-1], -1, _WORD).astype(jnp.uint32)
    return jnp.sum(words << jnp.arange(_WORD, dtype=jnp.uint32), axis=-1, dtype=jnp.uint32)


def hamming_distances(x: jax.Array, y: jax.Array) -> jax.Array:
    """Counts the bits that differ of packed codes ``(Q, W)`` and ``(N, W)``: ``(Q, N)`` int32."""
    differing = jax.lax.population_count(x[:, None] ^ y[None])
    return jnp.sum(differing.astype(jnp.int32), axis=-1)
