"""Searches of captions: greedy ones, all sentences, and the probability that is told."""

from functools import partial
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import log_softmax

from imaging_jax.models.captioning import END, PAD, START, UNKNOWN, search_captions
from tests.models.captioning_helpers import (
    GRID,
    SECOND,
    SMALL,
    applied,
    in_double,
    made,
    small_of,
    spread,
)


@pytest.fixture(scope="module", params=SMALL)
def small(request):
    return small_of(request.param)


@partial(jax.jit, static_argnums=(0, 3))
def searched(network, variables, images, beam):
    return search_captions(network, variables, images, beam)


def greedy(name, params, image, network):
    """The most probable word after each other, by the second writing."""
    tokens, total = [START], 0.0
    for _ in range(network.length - 1):
        logits = SECOND[name](params, image, tokens)[0][-1].copy()
        logits[[PAD, START, UNKNOWN]] = -np.inf
        logarithms = log_softmax(logits)
        tokens.append(int(np.argmax(logarithms)))
        total += logarithms[tokens[-1]]
        if tokens[-1] == END:
            break
    return tokens[1:], total


def test_a_beam_of_one_is_greedy(small):
    name, network, variables, images, _ = small
    found = searched(network, variables, images, 1)
    params = in_double(variables)
    for index in range(3):
        tokens, total = greedy(name, params, np.asarray(images[index]), network)
        assert found.tokens[index].tolist() == tokens + [PAD] * (5 - len(tokens))
        assert float(found.log_probability[index]) == pytest.approx(total, abs=1e-4)


@pytest.mark.parametrize("name", SMALL)
def test_a_beam_of_the_vocabulary_finds_the_best_of_all_pairs(name):
    network = made(name, length=3)
    images = jax.random.uniform(jax.random.key(1), (2, *GRID))
    variables = spread(jax.jit(network.init)(jax.random.key(4), images, jnp.full((2, 1), START)))
    found = searched(network, variables, images, 9)
    # All sentences contain the greedy one.
    first = searched(network, variables, images, 1)
    assert np.all(found.log_probability >= first.log_probability - 1e-5)
    params = in_double(variables)
    allowed = [token for token in range(9) if token not in (PAD, START, UNKNOWN)]
    for index in range(2):
        best = []
        for pair in product(allowed, allowed):
            logits = SECOND[name](params, np.asarray(images[index]), [START, pair[0]])[0]
            logits[:, [PAD, START, UNKNOWN]] = -np.inf
            logarithms = log_softmax(logits, axis=-1)
            first = logarithms[0, pair[0]]
            best.append((first, (END, PAD)) if pair[0] == END else
                        (first + logarithms[1, pair[1]], pair))  # fmt: skip
        total, pair = max(best)
        assert tuple(found.tokens[index].tolist()) == pair
        assert float(found.log_probability[index]) == pytest.approx(total, abs=1e-4)


def test_the_probability_told_is_that_of_the_caption(small):
    _, network, variables, images, _ = small
    for beam in (1, 3):
        found = searched(network, variables, images, beam)
        before = jnp.concatenate([jnp.full((3, 1), START), found.tokens[:, :-1]], axis=1)
        said = applied(network, variables, images, before)
        logits = np.array(said.logits, np.float64)
        logits[..., [PAD, START, UNKNOWN]] = -np.inf
        logarithms = log_softmax(logits, axis=-1)
        own = np.take_along_axis(logarithms, np.asarray(found.tokens)[..., None], -1)[..., 0]
        there = np.asarray(found.tokens) != PAD
        np.testing.assert_allclose(
            np.where(there, own, 0).sum(axis=1), found.log_probability, atol=1e-4
        )
        if said.attention is not None:
            np.testing.assert_allclose(
                np.asarray(found.attention)[there], np.asarray(said.attention)[there], atol=1e-5
            )
