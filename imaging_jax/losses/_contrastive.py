import jax
import jax.numpy as jnp

# Keeps a vector of zeros from being divided by its length.
_LEAST = 1e-12


def nt_xent(z: jax.Array, temperature: float = 0.1) -> jax.Array:
    """SimCLR's loss: of each vector, how its pair is told from all other vectors by the cosine.

    The vectors are those of the whole batch: where it is cut over devices, each compares its share
    with all of them, and the value is that of one device.

    Args:
      z: ``(2N, D)``, of which i and i + N show the same; lengths don't matter.
      temperature: by which cosines are divided.

    Returns:
      The mean over the 2N vectors, in nats.

    Raises:
      ValueError: an odd number of vectors or fewer than four, another shape, or a temperature that
        isn't positive.

    Chen, Kornblith, Norouzi, Hinton, "A simple framework for contrastive learning of visual
    representations", ICML 2020, equation 1.
    """
    _check_vectors(z=z)
    _check_temperature(temperature)
    count = len(z)
    if count < 4 or count % 2:
        raise ValueError(f"z: expected an even number of vectors, 4 at least, got {count}")
    z = _unit(z)
    cosines = _products("id,jd->ij", z, z) / temperature
    others = jnp.where(jnp.eye(count, dtype=bool), -jnp.inf, cosines)
    pairs = _products("id,id->i", z, jnp.roll(z, count // 2, axis=0)) / temperature
    return jnp.mean(jax.nn.logsumexp(others, axis=1) - pairs)


def info_nce(
    queries: jax.Array, keys: jax.Array, queue: jax.Array, temperature: float = 0.07
) -> jax.Array:
    """MoCo's loss: how each query's key is told from a queue of earlier keys by the cosine.

    No gradient passes to the keys or to the queue.

    Args:
      queries: ``(N, D)``; lengths don't matter, here and below.
      keys: ``(N, D)``, in the order of the queries.
      queue: ``(K, D)``.
      temperature: by which cosines are divided.

    Returns:
      The mean over the queries, in nats.

    Raises:
      ValueError: shapes that don't belong together, or a temperature that isn't positive.

    He, Fan, Wu, Xie, Girshick, "Momentum contrast for unsupervised visual representation learning",
    CVPR 2020, equation 1.
    """
    _check_vectors(queries=queries, keys=keys, queue=queue)
    _check_temperature(temperature)
    if keys.shape != queries.shape or queue.shape[1] != queries.shape[1]:
        raise ValueError(
            f"keys, queue: expected {queries.shape} and (K, {queries.shape[1]}) as the queries, "
            f"got {keys.shape} and {queue.shape}"
        )
    queries = _unit(queries)
    keys, queue = (jax.lax.stop_gradient(_unit(x)) for x in (keys, queue))
    own = _products("id,id->i", queries, keys) / temperature
    earlier = _products("id,jd->ij", queries, queue) / temperature
    logits = jnp.concatenate([own[:, None], earlier], axis=1)
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - own)


def cosine_regression(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """BYOL's loss: two minus twice the cosine between a prediction and its target.

    No gradient passes to the target. The paper adds the same with both views exchanged.

    Args:
      prediction: ``(N, D)``; lengths don't matter, here and below.
      target: ``(N, D)``.

    Returns:
      The mean over the N, 0 to 4.

    Raises:
      ValueError: shapes that differ.

    Grill et al., "Bootstrap your own latent: a new approach to self-supervised learning", NeurIPS
    2020, equation 2.
    """
    _check_vectors(prediction=prediction, target=target)
    if prediction.shape != target.shape:
        raise ValueError(f"target: expected {prediction.shape}, got {target.shape}")
    target = jax.lax.stop_gradient(_unit(target))
    return jnp.mean(2 - 2 * _products("id,id->i", _unit(prediction), target))


def _check_vectors(**vectors):
    for name, x in vectors.items():
        if jnp.ndim(x) != 2 or not jnp.issubdtype(x.dtype, jnp.floating):
            raise ValueError(f"{name}: expected real vectors (N, D), got {x.dtype} {x.shape}")


def _check_temperature(temperature):
    if not temperature > 0:
        raise ValueError(f"temperature: expected one above 0, got {temperature}")


def _unit(x):
    x = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    return x * jax.lax.rsqrt(jnp.maximum(jnp.sum(x**2, axis=-1, keepdims=True), _LEAST))


def _products(subscripts, x, y):
    return jnp.einsum(subscripts, x, y, precision="highest")
