"""The downscaling network: counts, a second writing with loops, training, and what terrain does."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import traverse_util

from imaging_jax.models.fusion import SRDRN
from tests.models import backbones_numpy as second
from tests.models.super_resolution_helpers import jit
from tests.models.variables_by_numpy import drawn_like

FUSIONS = ("none", "early", "middle", "attention", "late")
# A scale of 6 has the factors 2 and 3; the squeeze needs as many channels as its ratio.
SMALL = {fusion: SRDRN(scale=6, fusion=fusion, features=4, blocks=1, ratio=2) for fusion in FUSIONS}
COARSE, FINE = (2, 2, 3, 1), (2, 12, 18, 1)


def shapes(module, coarse=COARSE):
    terrain = (coarse[0], module.scale * coarse[1], module.scale * coarse[2], 1)
    return jax.eval_shape(module.init, jax.random.key(0), jnp.zeros(coarse), jnp.zeros(terrain))


def drawn(module):
    """Variables, a coarse field and terrain; slopes and variances are positive."""
    generator = np.random.default_rng(0)
    variables = drawn_like(shapes(module), generator, 0.2, 1.2)
    coarse = jnp.asarray(generator.standard_normal(COARSE), jnp.float32)
    return variables, coarse, jnp.asarray(generator.random(FINE), jnp.float32)


def prelu(x, layer):
    return np.where(x >= 0, x, np.asarray(layer["slope"]) * x)


def encoded(x, params, statistics):
    head = prelu(second.convolution(x, params["head"], padding=1), params["prelu"])
    block, running = params["block1"], statistics["block1"]
    z = second.convolution(head, block["conv1"], padding=1)
    z = prelu(second.norm(z, "norm1", block, running), block["prelu"])
    z = second.convolution(z, block["conv2"], padding=1)
    y = head + second.norm(z, "norm2", block, running)
    y = second.convolution(y, params["body"], padding=1)
    return head + second.norm(y, "norm", params, statistics)


def decoded(x, params):
    for index, factor in ((1, 2), (2, 3)):
        height, width = x.shape[:2]
        larger = np.empty((factor * height, factor * width, x.shape[-1]))
        for i, j in np.ndindex(*larger.shape[:2]):
            larger[i, j] = x[i // factor, j // factor]
        x = second.convolution(larger, params[f"up{index}"], padding=1)
        x = prelu(x, params[f"prelu{index}"])
    return second.convolution(x, params["tail"], padding=1)


def keys_kernel(t):
    """Keys' cubic with a = -1/2."""
    t = abs(t)
    if t < 1:
        return 1.5 * t**3 - 2.5 * t**2 + 1
    return -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 if t < 2 else 0.0


def bicubic(x, scale):
    """Along the rows, then along the columns; beyond the border the field is mirrored."""
    for _ in range(2):
        count = len(x)
        y = np.zeros((scale * count, *x.shape[1:]))
        for k in range(scale * count):
            centre = (k + 0.5) / scale - 0.5
            for place in range(int(np.floor(centre)) - 1, int(np.floor(centre)) + 3):
                mirrored = -1 - place if place < 0 else min(place, 2 * count - 1 - place)
                y[k] += keys_kernel(centre - place) * x[mirrored]
        x = np.swapaxes(y, 0, 1)
    return x


def rearranged(terrain, scale):
    """A coarse pixel's fine ones, row by row, as its channels."""
    height, width = (side // scale for side in terrain.shape[:2])
    blocks = np.empty((height, width, scale**2))
    for i, j in np.ndindex(height, width):
        rows, columns = (slice(scale * k, scale * (k + 1)) for k in (i, j))
        blocks[i, j] = terrain[rows, columns, 0].ravel()
    return blocks


def again(fusion, variables, coarse, terrain):
    params, statistics = variables["params"], variables["batch_stats"]
    relief = rearranged(terrain, 6)

    def encode(x, name):
        return encoded(x, params[name], statistics[name])

    if fusion == "none":
        detail = decoded(encode(coarse, "encoder"), params["decoder"])
    elif fusion == "early":
        both = np.concatenate([coarse, relief], axis=-1)
        detail = decoded(encode(both, "encoder"), params["decoder"])
    else:
        x1, x2 = encode(coarse, "coarse_encoder"), encode(relief, "terrain_encoder")
        both = np.concatenate([x1, x2], axis=-1)
        if fusion == "middle":
            detail = decoded(second.dense(both, flat(params["fuse"])), params["decoder"])
        elif fusion == "attention":
            a = second.sigmoid(second.mlp(both.mean((0, 1)), params["gate"]))
            detail = decoded(a * x1 + (1 - a) * x2, params["decoder"])
        else:
            w1, w2 = np.asarray(params["weights"], np.float64)
            detail = w1 * decoded(x1, params["coarse_decoder"])
            detail = detail + w2 * decoded(x2, params["terrain_decoder"])
    return bicubic(coarse, 6) + detail


def flat(layer):
    """A 1x1 convolution as a dense layer."""
    return {"kernel": np.asarray(layer["kernel"])[0, 0], "bias": layer["bias"]}


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_second_writing_gives_the_same(fusion):
    variables, coarse, terrain = drawn(SMALL[fusion])
    found = jit(SMALL[fusion].apply)(variables, coarse, terrain)
    assert found.shape == FINE
    inputs = zip(np.float64(coarse), np.float64(terrain), strict=True)
    expected = np.stack([again(fusion, variables, *pair) for pair in inputs])
    np.testing.assert_allclose(found, expected, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("fusion", FUSIONS)
def test_parameters_are_those_of_the_layers(fusion):
    def conv(inputs, outputs, side=3):
        return side**2 * inputs * outputs + outputs

    # A batch norm has a scale and an offset a channel, a PReLU a slope.
    block = 2 * (conv(64, 64) + 128) + 64
    trunk = 64 + 16 * block + conv(64, 64) + 128
    decoder = 2 * (conv(64, 64) + 64) + conv(64, 1)
    of_coarse, of_terrain = conv(1, 64) + trunk, conv(16, 64) + trunk
    # 128 channels to 8, and those to 64.
    gate = conv(128, 8, 1) + conv(8, 64, 1)
    expected = {
        "none": of_coarse + decoder,
        "early": conv(17, 64) + trunk + decoder,
        "middle": of_coarse + of_terrain + conv(128, 64, 1) + decoder,
        "attention": of_coarse + of_terrain + gate + decoder,
        "late": of_coarse + of_terrain + 2 * decoder + 2,
    }[fusion]
    leaves = jax.tree.leaves(shapes(SRDRN(scale=4, fusion=fusion))["params"])
    assert sum(leaf.size for leaf in leaves) == expected
    documented = {"none": 1_299_137, "early": 1_308_353, "middle": 2_540_609}
    assert documented.get(fusion, expected) == expected


@pytest.mark.parametrize("fusion", FUSIONS)
def test_terrain_matters_where_it_is_fused(fusion):
    variables, coarse, terrain = drawn(SMALL[fusion])
    apply = jit(SMALL[fusion].apply)
    one, other = apply(variables, coarse, terrain), apply(variables, coarse, terrain[:, ::-1])
    assert np.any(one != other) == (fusion != "none")
    assert np.any(one != apply(variables, 2 * coarse, terrain))


@pytest.mark.slow
@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_few_steps_lower_the_loss_and_reach_every_leaf(fusion):
    module = SMALL[fusion]
    _, coarse, terrain = drawn(module)
    variables = dict(jit(module.init)(jax.random.key(0), coarse, terrain))
    params, others = variables.pop("params"), variables
    enlarged = np.stack([bicubic(x, 6) for x in np.float64(coarse)])
    started = module.apply({"params": params, **others}, coarse, terrain)
    np.testing.assert_allclose(started, enlarged, atol=0.1)
    target = jnp.asarray(enlarged + np.asarray(coarse).mean() + 2 * np.asarray(terrain))

    def loss(params):
        arguments = ({"params": params, **others}, coarse, terrain)
        output, _ = module.apply(*arguments, train=True, mutable=["batch_stats"])
        return jnp.mean((output - target) ** 2)

    optimizer, losses = optax.adam(1e-2), []
    state, largest = optimizer.init(params), jax.tree.map(lambda _: 0.0, params)

    @jit
    def step(params, state):
        value, gradient = jax.value_and_grad(loss)(params)
        updates, state = optimizer.update(gradient, state)
        return optax.apply_updates(params, updates), state, value, gradient

    for number in range(10):
        params, state, value, gradient = step(params, state)
        losses.append(float(value))
        if number < 3:
            seen = jax.tree.map(lambda leaf: float(jnp.abs(leaf).max()), gradient)
            largest = jax.tree.map(max, largest, seen)
    assert losses[-1] < 0.9 * losses[0]
    largest = traverse_util.flatten_dict(largest, sep="/")
    rounding = 1e-6 * max(largest.values())
    still = {leaf for leaf, value in largest.items() if value <= rounding}
    # The batch norm that follows these takes their offset out again.
    before_norm = {
        leaf for leaf in largest if leaf.endswith(("conv1/bias", "conv2/bias", "body/bias"))
    }
    assert still == before_norm


@pytest.mark.parametrize(
    ("module", "coarse", "terrain", "message"),
    [
        (SRDRN(scale=2, fusion="later"), (1, 4, 4, 1), (1, 8, 8, 1), "fusion must be one of"),
        (SRDRN(scale=0), (1, 4, 4, 1), (1, 8, 8, 1), "scale must be at least 1, got 0"),
        (SRDRN(scale=2, blocks=0), (1, 4, 4, 1), (1, 8, 8, 1), "blocks must be at least 1"),
        (SRDRN(scale=2), (1, 4, 4, 2), (1, 8, 8, 1), r"coarse must have shape \(N, any, any, 1\)"),
        (SRDRN(scale=2), (1, 4, 4, 1), (1, 4, 4, 1), r"terrain must have shape \(N, 8, 8, 1\)"),
        (
            SRDRN(scale=2, fusion="attention", features=4),
            (1, 4, 4, 1),
            (1, 8, 8, 1),
            "features must be at least 16, got 8",
        ),
    ],
)
def test_what_does_not_fit_is_named(module, coarse, terrain, message):
    with pytest.raises(ValueError, match=f"SRDRN: {message}"):
        jax.eval_shape(module.init, jax.random.key(0), jnp.zeros(coarse), jnp.zeros(terrain))
