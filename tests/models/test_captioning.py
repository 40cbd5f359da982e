"""Captioners: counts, a second writing in numpy, steps against whole sentences."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from imaging_jax.models.captioning import (
    START,
    ShowAndTell,
    ShowAttendAndTell,
    TransformerCaptioner,
    search_captions,
)
from tests.models.captioning_helpers import GRID, SECOND, SMALL, applied, in_double, made, small_of


@pytest.fixture(scope="module", params=SMALL)
def small(request):
    return small_of(request.param)


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
    params = in_double(variables)
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
