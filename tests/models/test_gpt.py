"""GPT: counts, causality, decoding by a cache, a second writing in numpy."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.special import log_softmax

from imaging_jax.models.language import GPT, continue_tokens

SMALL = {"vocabulary_size": 11, "context": 8, "width": 12, "depth": 2, "heads": 3}


@pytest.fixture(scope="module")
def small():
    network = GPT(**SMALL)
    return network, network.init(jax.random.key(0), jnp.zeros((1, 8), jnp.int32))


def _tokens(seed, shape, vocabulary=11):
    return jax.random.randint(jax.random.key(seed), shape, 0, vocabulary)


@pytest.mark.parametrize(
    ("values", "count"),
    # Radford et al. 2019 name 124M, 355M, 774M and 1.5B; the exact figures are of the released
    # checkpoints. "10.65M" is printed by nanoGPT, without positions.
    [
        ({}, 124_439_808),
        ({"width": 1024, "depth": 24, "heads": 16}, 354_823_168),
        ({"width": 1280, "depth": 36, "heads": 20}, 774_030_080),
        ({"width": 1600, "depth": 48, "heads": 25}, 1_557_611_200),
        ({"vocabulary_size": 40_478, "context": 512, "norm_first": False}, 116_534_784),
        (
            {"vocabulary_size": 65, "context": 256, "width": 384, "depth": 6, "heads": 6}
            | {"bias": False},
            10_646_784 + 256 * 384,
        ),
        (
            {"vocabulary_size": 65, "context": 64, "width": 128, "depth": 4, "heads": 4}
            | {"bias": False},
            804_096,
        ),
    ],
)
def test_counts(values, count):
    shapes = jax.eval_shape(GPT(**values).init, jax.random.key(0), jnp.zeros((1, 2), jnp.int32))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == count


@pytest.mark.parametrize("vocabulary", [65, 5000])
def test_the_first_loss_is_that_of_a_guess(vocabulary):
    network = GPT(vocabulary, context=64, width=128, depth=4, heads=4, bias=False)
    tokens = _tokens(1, (8, 65), vocabulary)
    logits, _ = network.init_with_output(jax.random.key(0), tokens[:, :-1])
    loss = optax.softmax_cross_entropy_with_integer_labels(logits, tokens[:, 1:]).mean()
    assert float(loss) == pytest.approx(np.log(vocabulary), abs=0.05)


def test_no_token_sees_those_behind_it(small):
    network, variables = small
    tokens = _tokens(2, (1, 8))
    before = network.apply(variables, tokens)
    for place in range(8):
        changed = tokens.at[0, place].set((tokens[0, place] + 1) % 11)
        after = network.apply(variables, changed)
        np.testing.assert_array_equal(after[:, :place], before[:, :place])
        assert np.abs(after[:, place:] - before[:, place:]).max() > 0


@pytest.mark.parametrize("norm_first", [True, False])
def test_the_cache_gives_what_the_whole_sequence_gives(norm_first):
    network = GPT(**SMALL, norm_first=norm_first)
    tokens = _tokens(3, (2, 8))
    whole, variables = network.init_with_output(jax.random.key(0), tokens)
    cache, found = network.empty_cache(2), []
    for part in (tokens[:, :3], tokens[:, 3:4], tokens[:, 4:8]):
        logits, cache = network.apply(variables, part, cache, method=network.read)
        found.append(logits)
    assert int(cache.length) == 8
    np.testing.assert_allclose(jnp.concatenate(found, axis=1), whole, atol=1e-5)


def test_against_a_second_writing(small):
    network, variables = small
    tokens = np.asarray(_tokens(4, (2, 7)))
    # Away from their first values, so that biases and norms count too.
    noise = jax.random.normal(jax.random.key(5), (10_000,))
    params = jax.tree.map(lambda x: x + 0.3 * noise[: x.size].reshape(x.shape), variables["params"])
    found = network.apply({"params": params}, tokens)
    np.testing.assert_allclose(found, _in_numpy(params, tokens), rtol=1e-4, atol=1e-4)


def _in_numpy(params, tokens):
    params = jax.tree.map(lambda x: np.asarray(x, np.float64), params)

    def norm(x, p):
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * p["scale"] + p["bias"]

    def dense(x, p):
        return x @ p["kernel"] + p["bias"]

    def gelu(x):
        return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))

    def attend(x, p):
        out = np.zeros_like(x)
        query, key, value = np.split(dense(x, p["qkv"]), 3, axis=-1)
        for n in range(len(x)):
            for head in range(3):
                part = slice(4 * head, 4 * head + 4)
                for t in range(x.shape[1]):
                    scores = key[n, : t + 1, part] @ query[n, t, part] / np.sqrt(4)
                    weights = np.exp(scores - scores.max())
                    weights /= weights.sum()
                    out[n, t, part] = weights @ value[n, : t + 1, part]
        return dense(out, p["projection"])

    table = params["tokens"]["embedding"]
    x = table[tokens] + params["places"]["embedding"][: tokens.shape[1]]
    for layer in (params["layer1"], params["layer2"]):
        x = x + attend(norm(x, layer["norm1"]), layer["attention"])
        y = gelu(dense(norm(x, layer["norm2"]), layer["expand"]))
        x = x + dense(y, layer["contract"])
    return norm(x, params["norm"]) @ table.T


@pytest.mark.slow
def test_recomputing_layers_changes_no_gradient(small):
    network, variables = small
    tokens = _tokens(10, (2, 8))

    def gradient(network):
        return jax.grad(lambda v: jnp.sum(network.apply(v, tokens) ** 2))(variables)

    again = gradient(GPT(**SMALL, remat=True))
    chex.assert_trees_all_close(again, gradient(network), rtol=1e-5, atol=1e-6)


def test_a_few_steps_learn_a_sequence_and_reach_every_leaf():
    network = GPT(**SMALL, dropout=0.1)
    tokens = jnp.tile(jnp.arange(9), (4, 1))
    params = network.init(jax.random.key(0), tokens[:, :-1])
    optimizer = optax.adam(1e-2)

    @jax.jit
    def step(params, state, key):
        def loss(params):
            logits = network.apply(params, tokens[:, :-1], train=True, rngs={"dropout": key})
            return optax.softmax_cross_entropy_with_integer_labels(logits, tokens[:, 1:]).mean()

        value, grads = jax.value_and_grad(loss)(params)
        updates, state = optimizer.update(grads, state)
        return optax.apply_updates(params, updates), state, value, grads

    state, losses, reached = optimizer.init(params), [], None
    for index in range(60):
        params, state, value, grads = step(params, state, jax.random.key(index))
        losses.append(float(value))
        if index < 3:
            now = jax.tree.map(lambda g: bool(jnp.any(g != 0)), grads)
            reached = now if reached is None else jax.tree.map(lambda a, b: a or b, reached, now)
    assert all(jax.tree.leaves(reached))
    assert losses[-1] < 0.5 * losses[0]
    # What it learnt is what it continues, beyond half of its context.
    drawn = continue_tokens(network, params, jax.random.key(0), tokens[:1, :2], 3, top_k=1)
    np.testing.assert_array_equal(drawn, [[2, 3, 4]])


@pytest.mark.slow
def test_drawn_tokens_follow_the_predicted_distribution(small):
    network, variables = small
    prompt = jnp.tile(_tokens(6, (1, 3)), (20_000, 1))
    drawn = continue_tokens(network, variables, jax.random.key(7), prompt, 1, temperature=0.5)
    logits = network.apply(variables, prompt[:1])[0, -1]
    wanted = np.exp(log_softmax(np.asarray(logits, np.float64) / 0.5))
    shares = np.bincount(np.asarray(drawn)[:, 0], minlength=11) / 20_000
    np.testing.assert_allclose(shares, wanted, atol=4 * np.sqrt(0.25 / 20_000))


def test_greedy_continuation_is_that_of_whole_contexts(small):
    network, variables = small
    prompt = _tokens(8, (2, 3))
    drawn = continue_tokens(network, variables, jax.random.key(0), prompt, 4 + 4, top_k=1)
    # Three tokens of the prompt and four drawn; then the four drawn last are the context.
    seen, found = prompt, []
    for index in range(8):
        seen = drawn[:, :4] if index == 4 else seen
        following = network.apply(variables, seen)[:, -1].argmax(-1)
        found.append(following)
        seen = jnp.concatenate([seen, following[:, None]], axis=1)
    np.testing.assert_array_equal(drawn, jnp.stack(found, axis=1))


@pytest.mark.slow
def test_short_continuations_begin_as_long_ones(small):
    network, variables = small
    prompt = _tokens(11, (2, 6))
    long = continue_tokens(network, variables, jax.random.key(3), prompt, 9, top_k=1)
    for length in (1, 3, 4, 5):
        short = continue_tokens(network, variables, jax.random.key(3), prompt, length, top_k=1)
        np.testing.assert_array_equal(short, long[:, :length])


def test_bf16_keeps_logits_in_float32(small):
    _, variables = small
    network = GPT(**SMALL, dtype=jnp.bfloat16)
    tokens = _tokens(9, (2, 8))
    logits = network.apply(variables, tokens)
    assert logits.dtype == jnp.float32
    chex.assert_trees_all_close(logits, GPT(**SMALL).apply(variables, tokens), atol=0.02)


def test_bad_input(small):
    network, variables = small
    with pytest.raises(ValueError, match="got 9 tokens, its context is 8"):
        network.apply(variables, jnp.zeros((1, 9), jnp.int32))
    with pytest.raises(ValueError, match="heads must divide the width, got 5 heads at width 12"):
        GPT(**{**SMALL, "heads": 5}).init(jax.random.key(0), jnp.zeros((1, 8), jnp.int32))
    with pytest.raises(ValueError, match="prompt: got no token"):
        continue_tokens(network, variables, jax.random.key(0), jnp.zeros((1, 0), jnp.int32), 3)
    with pytest.raises(ValueError, match="length=0: wanted at least 1"):
        continue_tokens(network, variables, jax.random.key(0), _tokens(0, (1, 2)), 0)
    alone = GPT(**{**SMALL, "context": 1})
    with pytest.raises(ValueError, match="context=1: to continue, a network needs 2 at least"):
        continue_tokens(alone, variables, jax.random.key(0), _tokens(0, (1, 1)), 1)
    with pytest.raises(ValueError, match="top_k=12: wanted 1 to 11"):
        continue_tokens(network, variables, jax.random.key(0), _tokens(0, (1, 2)), 3, top_k=12)
