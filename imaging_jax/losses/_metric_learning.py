import jax
import jax.numpy as jnp


def semi_hard_triplet_loss(vectors: jax.Array, labels: jax.Array, margin: float = 0.2) -> jax.Array:
    """The mean over pairs of a class of how much too near the nearest farther stranger is.

    Of every anchor and positive, the negative is the nearest of those that are farther than the
    positive, or the farthest where there is none; ``max(0, d_ap² - d_an² + margin)``.

    Args:
      vectors: ``(N, D)``, of length 1.
      labels: ``(N,)`` integers.
      margin: in squared distance.

    Returns:
      A scalar; 0 where no two vectors are of one class.

    Source: Schroff, Kalenichenko, Philbin, "FaceNet: A unified embedding for face recognition and
    clustering", CVPR 2015, section 3.2.
    """
    products = vectors @ vectors.T
    norms = jnp.diagonal(products)
    distances = jnp.maximum(norms[:, None] + norms[None] - 2 * products, 0)
    same = labels[:, None] == labels[None]
    positive = same & ~jnp.eye(len(labels), dtype=bool)
    stranger = ~same
    # (anchor, positive, negative): which strangers are farther than the positive.
    farther = stranger[:, None] & (distances[:, None] > distances[:, :, None])
    nearest = jnp.min(jnp.where(farther, distances[:, None], jnp.inf), axis=-1)
    farthest = jnp.max(jnp.where(stranger, distances, -jnp.inf), axis=-1)[:, None]
    negative = jnp.where(jnp.any(farther, axis=-1), nearest, farthest)
    loss = jnp.maximum(distances - negative + margin, 0)
    counted = positive & jnp.any(stranger, axis=-1)[:, None]
    return jnp.sum(jnp.where(counted, loss, 0)) / jnp.maximum(jnp.sum(counted), 1)


def pairwise_hash_loss(
    codes: jax.Array, labels: jax.Array, quantization: float = 0.1, balance: float = 0.1
) -> jax.Array:
    """Codes of a class should agree in all bits, of two classes in half of them.

    The mean square over pairs of the mean product of bits less 1 or 0, plus the distance of bits
    from -1 and 1, and of their means from 0.

    Args:
      codes: ``(N, bits)`` between -1 and 1.
      labels: ``(N,)`` integers.
      quantization: weight of ``mean (|h| - 1)²``.
      balance: weight of the mean square of every bit's mean.

    Source: Liu, Wang, Shan, Chen, "Deep supervised hashing for fast image retrieval", CVPR 2016,
    equation 1 (the distance from -1 and 1), with products in the place of distances.
    """
    likeness = codes @ codes.T / codes.shape[-1]
    same = labels[:, None] == labels[None]
    apart = ~jnp.eye(len(labels), dtype=bool)
    pairs = jnp.sum(jnp.where(apart, (likeness - same) ** 2, 0)) / jnp.sum(apart)
    rounding = jnp.mean((jnp.abs(codes) - 1) ** 2)
    return pairs + quantization * rounding + balance * jnp.mean(jnp.mean(codes, axis=0) ** 2)
