"""Captioners: counts, a second writing in numpy, steps against whole sentences, searches."""

from functools import partial
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.special import log_softmax

from imaging_jax.models.captioning import (
    END,
    PAD,
    START,
    UNKNOWN,
    ShowAndTell,
    ShowAttendAndTell,
    TransformerCaptioner,
    search_captions,
)
from tests.models import captioning_numpy

GRID = (2, 3, 4)
SHARED = {"vocabulary_size": 9, "length": 6, "image_shape": GRID, "dropout": 0.0}
SMALL = {
    "show_and_tell": (ShowAndTell, {"embedding": 5, "hidden": 6}),
    "show_attend_and_tell": (ShowAttendAndTell, {"embedding": 5, "hidden": 6, "scored": 7}),
    "transformer": (TransformerCaptioner, {"width": 6, "depth": 2, "heads": 3, "hidden": 8}),
}
SECOND = {
    "show_and_tell": captioning_numpy.show_and_tell,
    "show_attend_and_tell": captioning_numpy.show_attend_and_tell,
    "transformer": lambda *arguments: captioning_numpy.transformer(*arguments, heads=3),
}


@partial(jax.jit, static_argnums=0)
def applied(network, variables, images, tokens):
    return network.apply(variables, images, tokens)


@partial(jax.jit, static_argnums=(0, 3))
def searched(network, variables, images, beam):
    return search_captions(network, variables, images, beam)


def made(name, **changes):
    module, values = SMALL[name]
    return module(**{**SHARED, **values, **changes})


def spread(variables):
    """As initialised, but for every leaf away from 0 and wider, so that words differ."""
    leaves, tree = jax.tree.flatten(variables)
    keys = jax.random.split(jax.random.key(7), len(leaves))
    wide = [
        leaf + 0.6 * jax.random.normal(key, leaf.shape)
        for leaf, key in zip(leaves, keys, strict=True)
    ]
    return jax.tree.unflatten(tree, wide)


@pytest.fixture(scope="module", params=SMALL)
def small(request):
    network = made(request.param)
    images = jax.random.uniform(jax.random.key(1), (3, *GRID))
    tokens = jax.random.randint(jax.random.key(2), (3, 5), 4, 9).at[:, 0].set(START)
    variables = spread(jax.jit(network.init)(jax.random.key(0), images, tokens))
    return request.param, network, variables, images, tokens


@pytest.mark.parametrize(
    ("module", "count"),
    # By the layers' formulas, without a CNN: grids of 14x14x2048, width 512, 2,645 words. One more
    # word costs its embedding, its column and its offset.
    [
        (ShowAndTell, 5_859_413),
        (ShowAttendAndTell, 13_465_686),
        (TransformerCaptioner, 16_399_957),
    ],
)
def test_counts(module, count):
    def parameters(words):
        shapes = jax.eval_shape(
            module(words).init,
            jax.random.key(0),
            jnp.zeros((1, 14, 14, 2048)),
            jnp.zeros((1, 2), jnp.int32),
        )
        return sum(leaf.size for leaf in jax.tree.leaves(shapes))

    assert parameters(2_645) == count
    assert parameters(2_646) == count + 1_025


def test_sentences_are_as_written_a_second_time(small):
    name, network, variables, images, tokens = small
    said = applied(network, variables, images, tokens)
    params = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), variables["params"])
    for index in range(3):
        logits, maps = SECOND[name](params, np.asarray(images[index]), tokens[index].tolist())
        np.testing.assert_allclose(said.logits[index], logits, rtol=1e-4, atol=1e-5)
        if maps is None:
            assert said.attention is None
        else:
            np.testing.assert_allclose(said.attention[index], maps, atol=1e-5)


def test_steps_say_what_whole_sentences_do(small):
    _, network, variables, images, tokens = small
    said = applied(network, variables, images, tokens)
    one = jax.jit(partial(network.apply, method=network.step))
    kept, carry = network.apply(variables, images, method=network.begin)
    for place in range(tokens.shape[1]):
        own = tokens[:, place]
        carry, step = one(variables, kept, carry, own)
        np.testing.assert_allclose(step.logits, said.logits[:, place], rtol=1e-4, atol=1e-5)
        if said.attention is not None:
            np.testing.assert_allclose(step.attention, said.attention[:, place], atol=1e-6)
            np.testing.assert_allclose(step.attention.sum(axis=(1, 2)), 1, atol=1e-5)


def test_words_do_not_see_those_behind(small):
    _, network, variables, images, tokens = small
    said = applied(network, variables, images, tokens).logits
    changed = applied(network, variables, images, tokens.at[:, 3].set(5)).logits
    np.testing.assert_array_equal(said[:, :3], changed[:, :3])
    assert np.any(np.asarray(said[:, 3:]) != np.asarray(changed[:, 3:]))


def test_an_encoder_makes_the_grid():
    network = made("show_attend_and_tell", image_shape=(15, 16, 3), encoder=(4, 6))
    images, tokens = jnp.zeros((2, 15, 16, 3)), jnp.full((2, 3), START)
    key = jax.random.key(0)
    said, variables = jax.eval_shape(network.init_with_output, key, images, tokens)
    assert network.grid_shape == (4, 4)
    assert said.attention.shape == (2, 3, 4, 4)
    assert variables["params"]["grid"]["places"].shape == (4, 4, 6)


@pytest.mark.parametrize(
    "name",
    ["show_attend_and_tell"]
    + [pytest.param(name, marks=pytest.mark.slow) for name in ("show_and_tell", "transformer")],
)
def test_a_few_steps_lower_the_loss_and_reach_every_leaf(name):
    network = made(name, image_shape=(8, 8, 3), encoder=(4, 6))
    images = jax.random.uniform(jax.random.key(1), (8, 8, 8, 3))
    tokens = jax.random.randint(jax.random.key(2), (8, 6), 4, 9).at[:, 0].set(START)
    variables = jax.jit(network.init)(jax.random.key(0), images, tokens)
    params, statistics = variables["params"], {"batch_stats": variables["batch_stats"]}
    optimizer = optax.adam(1e-2)
    moments = optimizer.init(params)

    @jax.jit
    def step(params, moments):
        def loss(params):
            said, _ = network.apply(
                {"params": params, **statistics},
                images,
                tokens[:, :-1],
                train=True,
                mutable=["batch_stats"],
                rngs={"dropout": jax.random.key(3)},
            )
            surprise = optax.softmax_cross_entropy_with_integer_labels
            return surprise(said.logits, tokens[:, 1:]).mean()

        value, grads = jax.value_and_grad(loss)(params)
        updates, moments = optimizer.update(grads, moments)
        return optax.apply_updates(params, updates), moments, value, grads

    losses = []
    for index in range(30):
        params, moments, value, grads = step(params, moments)
        losses.append(float(value))
        if index == 3:
            still = {
                jax.tree_util.keystr(path)
                for path, grad in jax.tree_util.tree_leaves_with_path(grads)
                if not np.any(np.abs(grad) > 1e-9)
            }
    assert losses[-1] < 0.8 * losses[0]
    # A constant added to all scores, or to all of a query's logits by keys' offsets, is nothing to
    # a softmax; nor is one to a norm.
    nothing = ("['scores']['bias']", "key']['bias']")
    assert all(name.endswith(nothing) or "['conv" in name for name in still), still


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
    params = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), variables["params"])
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
    params = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), variables["params"])
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


@pytest.mark.parametrize(
    ("change", "shape", "message"),
    [
        ({}, (2, 3, 5), r"x must have shape \(N, 2, 3, 4\)"),
        ({"vocabulary_size": 4}, GRID, "vocabulary_size must be at least 5"),
        ({"length": 2}, GRID, "length must be at least 3"),
        ({"dropout": 1.0}, GRID, "dropout must be in"),
    ],
)
@pytest.mark.parametrize("name", SMALL)
def test_what_does_not_fit_is_refused(name, change, shape, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(
            made(name, **change).init,
            jax.random.key(0),
            jnp.zeros((1, *shape)),
            jnp.zeros((1, 2), jnp.int32),
        )


def test_what_a_transformer_or_a_search_refuses(small):
    name, network, variables, images, _ = small
    for beam in (0, 10):
        with pytest.raises(ValueError, match=f"beam={beam}: wanted 1 to 9"):
            search_captions(network, variables, images, beam)
    if name != "transformer":
        return
    with pytest.raises(ValueError, match="got 7 tokens, its length is 6"):
        network.apply(variables, images, jnp.full((3, 7), START))
    with pytest.raises(ValueError, match="heads must divide the width"):
        made("transformer", heads=4).init(jax.random.key(0), images, jnp.full((3, 2), START))
