from typing import Any

import jax
import jax.numpy as jnp

from imaging_jax.models.language.gpt import GPT, Cache


def continue_tokens(
    network: GPT,
    variables: Any,
    key: jax.Array,
    prompt: jax.Array,
    length: int,
    temperature: float | jax.Array = 1.0,
    top_k: int | None = None,
) -> jax.Array:
    """Draws tokens one after the other, each from the distribution that the network predicts.

    Keys and values of tokens that were read are kept. Where the context is full, its second half
    is read anew as its first, so that a token sees half a context at least.

    Args:
        network: with its ``variables``.
        variables: of the network.
        key: of the draws.
        prompt: ``(N, T)`` int32, T at least 1; of a long one the last half context is read.
        length: tokens to draw.
        temperature: divides the logits; above 0.
        top_k: tokens are drawn among so many most probable ones; none for all.

    Returns:
        ``(N, length)`` int32.

    Raises:
        ValueError: an empty prompt, or a ``top_k`` beyond the vocabulary.
    """
    if prompt.shape[1] < 1:
        raise ValueError("prompt: got no token, wanted at least one")
    if top_k is not None and not 1 <= top_k <= network.vocabulary_size:
        raise ValueError(f"top_k={top_k}: wanted 1 to {network.vocabulary_size}")
    half = network.context // 2
    recent = prompt[:, -half:]
    count = recent.shape[1]

    def draw(key, logits):
        if top_k is not None:
            lowest = jax.lax.top_k(logits, top_k)[0][:, -1:]
            logits = jnp.where(logits < lowest, -jnp.inf, logits)
        return jax.random.categorical(key, logits / temperature)

    def read(tokens, cache: Cache):
        return network.apply(variables, tokens, cache, method=network.read)

    def piece(carry, key):
        recent, count = carry
        logits, cache = read(recent, network.empty_cache(len(recent)))
        # What lies behind the valid tokens is overwritten before any token sees it.
        cache = cache.replace(length=count)
        first, key = jax.random.split(key)
        token = draw(first, jnp.take(logits, count - 1, axis=1))

        def one(carry, key):
            token, cache = carry
            logits, cache = read(token[:, None], cache)
            following = draw(key, logits[:, 0])
            return (following, cache), following

        _, rest = jax.lax.scan(one, (token, cache), jax.random.split(key, half - 1))
        drawn = jnp.concatenate([token[:, None], rest.T], axis=1)
        return (drawn, jnp.int32(half)), drawn

    padded = jnp.pad(recent, [(0, 0), (0, half - count)])
    keys = jax.random.split(key, -(-length // half))
    _, pieces = jax.lax.scan(piece, (padded, jnp.int32(count)), keys)
    return jnp.moveaxis(pieces, 0, 1).reshape(len(prompt), -1)[:, :length]
