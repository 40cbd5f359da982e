from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from imaging_jax.models.captioning.roles import END, PAD, START, UNKNOWN, Captioner


class Caption(NamedTuple):
    """The captions that a search found.

    Attributes:
        tokens: ``(N, T)`` int32 behind START, END included where it came; PAD behind it.
        log_probability: ``(N,)`` of all of them, among the words of the vocabulary and END.
        attention: ``(N, T, h, w)``, where each token was looked for; None where there is none.
    """

    tokens: jax.Array
    log_probability: jax.Array
    attention: jax.Array | None


def search_captions(network: Captioner, variables: Any, x: jax.Array, beam: int = 1) -> Caption:
    """Finds probable captions: each step keeps the `beam` most probable beginnings of an image.

    One of a beam is greedy search. Captions that ended stay in the beam as they are; of those that
    are left the most probable is taken, by the sum of the logarithms. PAD, START and UNKNOWN are
    never drawn.

    Args:
        network: with its ``variables``.
        variables: of the network.
        x: ``(N, *image_shape)``.
        beam: beginnings that are kept, at least 1 and at most the vocabulary.

    Returns:
        Captions of ``network.length - 1`` tokens.

    Raises:
        ValueError: another width of the beam.

    Source: Vinyals, Toshev, Bengio, Erhan, CVPR 2015, section 3.1.
    """
    size = network.vocabulary_size
    if not 1 <= beam <= size:
        raise ValueError(f"beam={beam}: wanted 1 to {size}, the vocabulary")
    count = len(x)
    words = jnp.ones(size, bool).at[jnp.array([PAD, START, UNKNOWN])].set(False)
    # A caption that ended goes on by PAD alone, which costs nothing.
    ended = jnp.where(jnp.arange(size) == PAD, 0.0, -jnp.inf)
    kept, carry = network.apply(variables, x, method=network.begin)
    kept, carry = jax.tree.map(lambda leaf: jnp.repeat(leaf, beam, axis=0), (kept, carry))
    rows = jnp.arange(count)[:, None]

    def one(state, _):
        carry, token, sums, finished = state
        carry, said = network.apply(variables, kept, carry, token.reshape(-1), method=network.step)
        logarithms = jax.nn.log_softmax(jnp.where(words, said.logits, -jnp.inf))
        logarithms = jnp.where(finished.reshape(-1, 1), ended, logarithms)
        sums, place = jax.lax.top_k(
            (sums[..., None] + logarithms.reshape(count, beam, size)).reshape(count, -1), beam
        )
        parent, token = place // size, place % size
        carry = jax.tree.map(
            lambda leaf: leaf.reshape(count, beam, *leaf.shape[1:])[rows, parent].reshape(
                leaf.shape
            ),
            carry,
        )
        finished = finished[rows, parent] | (token == END)
        return (carry, token, sums, finished), (token, parent, said.attention)

    start = (
        carry,
        jnp.full((count, beam), START),
        # All beginnings are alike: one of them goes on.
        jnp.full((count, beam), -jnp.inf).at[:, 0].set(0.0),
        jnp.zeros((count, beam), bool),
    )
    (*_, sums, _), steps = jax.lax.scan(one, start, length=network.length - 1)
    best = jnp.argmax(sums, axis=1)
    own = jnp.arange(count)

    def back(place, step):
        token, parent, attention = step
        before = parent[own, place]
        if attention is not None:
            attention = attention.reshape(count, beam, *attention.shape[1:])[own, before]
        return before, (token[own, place], attention)

    _, (tokens, attention) = jax.lax.scan(back, best, steps, reverse=True)
    attention = None if attention is None else jnp.moveaxis(attention, 0, 1)
    return Caption(tokens.T.astype(jnp.int32), jnp.max(sums, axis=1), attention)
