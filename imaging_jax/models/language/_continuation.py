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

    Keys and values of tokens that were read are kept. After each half context that is drawn, it
    is read anew as the beginning of a context, so that a token sees half of one at least, or all
    there is.

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
        ValueError: an empty prompt, a length below 1, a context below 2, or a ``top_k`` beyond the
            vocabulary.
    """
    if prompt.shape[1] < 1:
        raise ValueError("prompt: got no token, wanted at least one")
    if length < 1:
        raise ValueError(f"length={length}: wanted at least 1")
    if network.context < 2:
        raise ValueError(f"context={network.context}: to continue, a network needs 2 at least")
    if top_k is not None and not 1 <= top_k <= network.vocabulary_size:
        raise ValueError(f"top_k={top_k}: wanted 1 to {network.vocabulary_size}")
    half = network.context // 2

    def draw(key, logits):
        if top_k is not None:
            lowest = jax.lax.top_k(logits, top_k)[0][:, -1:]
            logits = jnp.where(logits < lowest, -jnp.inf, logits)
        return jax.random.categorical(key, logits / temperature)

    def read(tokens, cache: Cache):
        return network.apply(variables, tokens, cache, method=network.read)

    def behind(recent, count, key, size):
        """Draws `size` tokens behind the first `count` of (N, half)."""
        logits, cache = read(recent, network.empty_cache(len(recent)))
        # What lies behind the valid tokens is overwritten before any token sees it.
        cache = cache.replace(length=jnp.int32(count))
        first, key = jax.random.split(key)
        token = draw(first, logits[:, count - 1])

        def one(carry, key):
            token, cache = carry
            logits, cache = read(token[:, None], cache)
            following = draw(key, logits[:, 0])
            return (following, cache), following

        _, rest = jax.lax.scan(one, (token, cache), jax.random.split(key, size - 1))
        return jnp.concatenate([token[:, None], rest.T], axis=1)

    def piece(recent, key):
        drawn = behind(recent, half, key, half)
        return drawn, drawn

    count = min(prompt.shape[1], half)
    recent = jnp.pad(prompt[:, -count:], [(0, 0), (0, half - count)])
    key, first_key = jax.random.split(key)
    first = behind(recent, count, first_key, min(half, length))
    if length <= half:
        return first
    keys = jax.random.split(key, -(-(length - half) // half))
    _, pieces = jax.lax.scan(piece, first, keys)
    rest = jnp.moveaxis(pieces, 0, 1).reshape(len(prompt), -1)
    return jnp.concatenate([first, rest], axis=1)[:, :length]
