"""Networks that predict what comes next: counts, causality, and against numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from imaging_jax.models.forecasting import TCN, ConvLSTM, ConvLSTMCell, EmbeddedTCN, PixelTCN
from imaging_jax.models.layers import CausalConv, TemporalBlocks


def count(module, *shapes):
    zeros = [jnp.zeros(shape) for shape in shapes]
    return sum(
        x.size for x in jax.tree.leaves(jax.eval_shape(module.init, jax.random.key(0), *zeros))
    )


@pytest.mark.parametrize(
    ("channels", "widths", "kernel_size", "outputs", "with_g", "without", "field"),
    [
        # Bai et al., 2018: block by block, k·cin·c + c + c (g), k·c·c + c + c, and the 1x1 skip;
        # receptive field 1 + 2 (k - 1) (2^L - 1). The first are the paper's tasks.
        (2, (30,) * 8, 7, 1, 96_001, 95_521, 3_061),
        (1, (10,) * 8, 8, 10, 12_530, 12_370, 3_571),
        (1, (25,) * 8, 7, 10, 66_910, 66_510, 3_061),
        (1, (16,) * 4, 3, 1, 5_729, 5_601, 61),
        (1, (32,) * 5, 3, 1, 28_481, 28_161, 125),
        (88, (150,) * 4, 5, 88, 882_538, 881_338, 121),
    ],
)
def test_counts_and_receptive_fields_are_the_papers(
    channels, widths, kernel_size, outputs, with_g, without, field
):
    for weight_norm, parameters in ((True, with_g), (False, without)):
        net = TCN(channels, outputs, widths, kernel_size, weight_norm=weight_norm)
        assert count(net, (1, 5, channels)) == parameters
    assert TemporalBlocks(widths, kernel_size).receptive_field == field


def test_other_counts_are_those_of_the_layers():
    # 160 + 4,640 + 100,416, three blocks of 2 · (3·64·64 + 64 + 64), 101,920 + 4,624 + 145.
    assert count(EmbeddedTCN(), (1, 3, 28, 28, 1)) == 286_401
    assert count(EmbeddedTCN(skip=True), (1, 3, 28, 28, 1)) == 286_402
    # Four gates of k·k·(cin + h)·h + h; the head has 32 weights and a bias.
    hidden = jnp.zeros((1, 6, 6, 32))
    cell = jax.eval_shape(
        ConvLSTMCell(32).init, jax.random.key(0), (hidden, hidden), jnp.zeros((1, 6, 6, 1))
    )
    assert sum(x.size for x in jax.tree.leaves(cell)) == 38_144
    assert count(ConvLSTM(), (1, 2, 6, 6, 1)) == 38_144 + 33
    assert count(PixelTCN(), (1, 5, 2, 2, 1)) == 5_729 + 1


def test_no_output_sees_the_future_or_beyond_the_receptive_field():
    blocks = TemporalBlocks((4, 4, 4), 3)
    field = blocks.receptive_field
    x = jax.random.normal(jax.random.key(0), (1, 2 * field, 2))
    params = blocks.init(jax.random.key(1), x)
    # All paths stay open: weights and biases above zero, inputs too.
    params = jax.tree.map(jnp.abs, params)
    at = field + 3
    gradient = jax.grad(lambda x: blocks.apply(params, x)[0, at].sum())(jnp.abs(x))
    seen = np.any(np.asarray(gradient[0]) != 0, axis=-1)
    assert not seen[at + 1 :].any()
    assert not seen[: at - field + 1].any()
    assert seen[at - field + 1]
    assert seen[at]


def numpy_causal_conv(x, kernel, bias, dilation):
    y = np.zeros((*x.shape[:2], kernel.shape[-1]))
    for n in range(x.shape[0]):
        for t in range(x.shape[1]):
            y[n, t] = bias
            for tap in range(len(kernel)):
                # The last tap is at t itself.
                source = t - (len(kernel) - 1 - tap) * dilation
                if source >= 0:
                    y[n, t] += x[n, source] @ kernel[tap]
    return y


def test_the_convolution_is_that_of_loops():
    x = np.random.default_rng(0).normal(size=(2, 9, 3)).astype(np.float32)
    for dilation in (1, 2, 4):
        conv = CausalConv(4, 3, dilation)
        params = conv.init(jax.random.key(dilation), x)["params"]
        params["g"] = params["g"] * np.array([1.0, 2.0, 0.5, -1.0], np.float32)
        v, g = np.asarray(params["v"], np.float64), np.asarray(params["g"])
        w = np.stack([g[c] * v[..., c] / np.linalg.norm(v[..., c]) for c in range(4)], axis=-1)
        wanted = numpy_causal_conv(x, w, np.asarray(params["bias"]), dilation)
        np.testing.assert_allclose(conv.apply({"params": params}, x), wanted, atol=1e-5)


def test_weight_norm_starts_at_the_plain_convolution():
    x = np.random.default_rng(0).normal(size=(1, 5, 2)).astype(np.float32)
    found, variables = CausalConv(3, 2).init_with_output(jax.random.key(0), x)
    params = variables["params"]
    plain = {"kernel": params["v"], "bias": params["bias"]}
    wanted = CausalConv(3, 2, weight_norm=False).apply({"params": plain}, x)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def numpy_tcn(params, x, widths):
    for index in range(len(widths)):
        y = x
        for number in (1, 2):
            layer = params["blocks"][f"block{index + 1}_conv{number}"]
            # Lengths start as those of the directions.
            name = "v" if "v" in layer else "kernel"
            y = np.maximum(numpy_causal_conv(y, layer[name], layer["bias"], 2**index), 0)
        if skip := params["blocks"].get(f"block{index + 1}_skip"):
            x = x @ np.asarray(skip["kernel"]) + np.asarray(skip["bias"])
        x = np.maximum(x + y, 0)
    return x[:, -1] @ np.asarray(params["head"]["kernel"]) + np.asarray(params["head"]["bias"])


def test_the_tcn_is_that_of_numpy():
    net = TCN(2, 3, (4, 4), 3, weight_norm=False)
    x = np.random.default_rng(0).normal(size=(2, 11, 2)).astype(np.float32)
    params = net.init(jax.random.key(0), x)["params"]
    # The head starts near zero: enlarged, so that differences show.
    params["head"]["kernel"] = params["head"]["kernel"] * 100
    wanted = numpy_tcn(params, x, (4, 4))
    np.testing.assert_allclose(net.apply({"params": params}, x), wanted, atol=1e-5)


def numpy_conv_lstm(params, x):
    def conv(image, kernel, bias):
        padded = np.pad(image, [(1, 1), (1, 1), (0, 0)])
        rows, columns = image.shape[:2]
        out = np.zeros((rows, columns, kernel.shape[-1])) + bias
        for i in range(rows):
            for j in range(columns):
                out[i, j] += np.einsum("uvc,uvcf->f", padded[i : i + 3, j : j + 3], kernel)
        return out

    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    gates = {name: np.asarray(value) for name, value in params["cell"]["gates"].items()}
    features = gates["bias"].size // 4
    hidden = memory = np.zeros((*x.shape[1:3], features))
    for image in x:
        z = conv(np.concatenate([image, hidden], axis=-1), gates["kernel"], gates["bias"])
        i, f, o, g = np.split(z, 4, axis=-1)
        memory = sigmoid(f) * memory + sigmoid(i) * np.tanh(g)
        hidden = sigmoid(o) * np.tanh(memory)
    head = params["head"]
    return hidden @ np.asarray(head["kernel"])[0, 0] + np.asarray(head["bias"])


def test_the_conv_lstm_is_that_of_numpy():
    net = ConvLSTM(features=3)
    x = np.random.default_rng(0).normal(size=(1, 3, 4, 5, 1)).astype(np.float32)
    params = net.init(jax.random.key(0), x)["params"]
    params["head"]["kernel"] = params["head"]["kernel"] * 100
    wanted = numpy_conv_lstm(params, x[0])
    np.testing.assert_allclose(net.apply({"params": params}, x)[0], wanted, atol=1e-5)


def numpy_halved(x, kernel, bias):
    """A 3x3 convolution of stride 2 on even sides: "SAME" pads one row and column behind."""
    rows, columns = x.shape[0] // 2, x.shape[1] // 2
    padded, out = np.pad(x, [(0, 1), (0, 1), (0, 0)]), np.zeros((rows, columns, bias.size))
    for i in range(rows):
        for j in range(columns):
            window = padded[2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
            out[i, j] = bias + np.einsum("uvc,uvcf->f", window, kernel)
    return out


def numpy_doubled(x, kernel, bias):
    """Its transpose, less the last row and column."""
    rows, columns = x.shape[:2]
    whole = np.zeros((2 * rows + 1, 2 * columns + 1, bias.size))
    for i in range(rows):
        for j in range(columns):
            whole[2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += np.einsum("c,uvcf->uvf", x[i, j], kernel)
    return whole[:-1, :-1] + bias


def test_the_embedded_tcn_is_that_of_numpy():
    net = EmbeddedTCN((8, 12, 1), features=(3, 2), embedding=5, blocks=2, skip=True)
    x = np.random.default_rng(0).normal(size=(1, 4, 8, 12, 1)).astype(np.float32)
    params = net.init(jax.random.key(0), x)["params"]
    params["decoder2"]["kernel"] = params["decoder2"]["kernel"] * 100
    layer = {
        name: (np.asarray(value["kernel"]), np.asarray(value["bias"]))
        for name, value in params.items()
        if name not in ("blocks", "persistence")
    }
    embedded = []
    for image in x[0]:
        y = np.maximum(numpy_halved(image, *layer["encoder1"]), 0)
        y = np.maximum(numpy_halved(y, *layer["encoder2"]), 0)
        kernel, bias = layer["embed"]
        embedded.append(y.ravel() @ kernel + bias)
    # Its blocks' directions have their own lengths at the start, and no head follows.
    head = {"kernel": np.eye(5), "bias": np.zeros(5)}
    y = numpy_tcn({"blocks": params["blocks"], "head": head}, np.stack(embedded)[None], (5, 5))[0]
    kernel, bias = layer["unembed"]
    y = np.maximum(y @ kernel + bias, 0).reshape(2, 3, 2)
    y = numpy_doubled(np.maximum(numpy_doubled(y, *layer["decoder1"]), 0), *layer["decoder2"])
    found = net.apply({"params": params}, x)[0]
    np.testing.assert_allclose(found, y + 0.5 * x[0, -1], atol=1e-5)


def test_each_pixel_has_a_forecast_of_its_own():
    net = PixelTCN(channels=2, widths=(4, 4))
    x = np.random.default_rng(0).normal(size=(2, 7, 3, 4, 2)).astype(np.float32)
    params = net.init(jax.random.key(0), x)
    whole = net.apply(params, x)
    assert whole.shape == (2, 3, 4, 2)
    np.testing.assert_allclose(whole[:, 1:2, 2:3], net.apply(params, x[:, :, 1:2, 2:3]), atol=1e-6)
    alone = numpy_tcn(params["params"]["tcn"], x[:, :, 1, 2], (4, 4))
    np.testing.assert_allclose(whole[:, 1, 2], alone + 0.5 * x[:, -1, 1, 2], atol=1e-5)


SMALL = {
    "tcn": (TCN(1, 1, (6, 6), 3), (8, 9, 1)),
    "pixel_tcn": (PixelTCN(widths=(6, 6)), (8, 9, 2, 2, 1)),
    "embedded_tcn": (
        EmbeddedTCN((8, 8, 1), features=(4, 6), embedding=8, blocks=2, skip=True),
        (8, 5, 8, 8, 1),
    ),
    "conv_lstm": (ConvLSTM(features=4, skip=True), (8, 4, 6, 6, 1)),
}


@pytest.mark.parametrize("name", SMALL)
def test_half_precision_is_near_and_parameters_stay_single(name):
    net, shape = SMALL[name]
    x = jax.random.normal(jax.random.key(0), shape)
    half = net.clone(dtype=jnp.bfloat16)
    params = half.init(jax.random.key(1), x)
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {jnp.dtype("float32")}
    found = half.apply(params, x)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, net.apply(params, x), atol=0.05)


@pytest.mark.parametrize("name", SMALL)
def test_a_few_steps_lower_the_loss_and_reach_every_leaf(name):
    net, shape = SMALL[name]
    x = jax.random.normal(jax.random.key(0), shape)
    wanted = x[:, 0] - 0.5
    if name == "tcn":
        wanted = wanted.reshape(shape[0], -1)
    params = net.init(jax.random.key(1), x)
    optimizer = optax.adam(1e-2)
    moments = optimizer.init(params)

    @jax.jit
    def step(params, moments):
        loss = lambda p: jnp.mean((net.apply(p, x, train=True) - wanted) ** 2)  # noqa: E731
        value, gradient = jax.value_and_grad(loss)(params)
        updates, moments = optimizer.update(gradient, moments)
        return optax.apply_updates(params, updates), moments, value, gradient

    losses, gradients = [], []
    for _ in range(30):
        params, moments, value, gradient = step(params, moments)
        losses.append(float(value))
        gradients.append(gradient)
    assert losses[-1] < 0.8 * losses[0]
    assert all(np.any(leaf != 0) for leaf in jax.tree.leaves(gradients[3]))


@pytest.mark.parametrize(
    ("net", "shape", "message"),
    [
        (TCN(), (1, 5, 3), r"TCN: x must have shape \(N, any, 2\), got \(1, 5, 3\)"),
        (TCN(widths=()), (1, 5, 2), "TCN: widths must be at least 1"),
        (TCN(kernel_size=0), (1, 5, 2), "CausalConv: kernel_size must be at least 1, got 0"),
        (TCN(dropout=1.0), (1, 5, 2), r"dropout must be in \[0, 1\), got 1.0"),
        (EmbeddedTCN((30, 28, 1)), (1, 5, 30, 28, 1), "multiples of 4, got 30x28"),
        (EmbeddedTCN(), (1, 5, 32, 28, 1), r"EmbeddedTCN: x must have shape \(N, any, 28, 28, 1\)"),
        (ConvLSTM(channels=2), (1, 5, 6, 6, 1), "ConvLSTM: x must have shape"),
        (PixelTCN(), (1, 5, 6, 1), "PixelTCN: x must have shape"),
    ],
)
def test_bad_input_is_named_at_trace_time(net, shape, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(net.init, jax.random.key(0), jnp.zeros(shape))
