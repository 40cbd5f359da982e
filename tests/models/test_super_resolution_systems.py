"""What makes each super-resolution network the one of its paper."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import traverse_util

from imaging_jax.models.super_resolution import DDRN, EDSR, PECNN, EDSRLight, ZSSRNet
from tests.models.super_resolution_helpers import (
    HEIGHT,
    SMALL,
    WIDTH,
    apply,
    convolution,
    initial,
    jit,
    layers,
    pair,
    training,
    without_biases,
    zeros,
)


def test_srcnn_paddings_agree_inside():
    radius = 3
    image = np.random.default_rng(1).random((1, 20, 17, 1), np.float32)
    same = SMALL["srcnn"]
    variables = initial(same)
    whole = apply(same, variables, image)
    unpadded = same.clone(padding="valid")
    in_training = jit(partial(unpadded.apply, train=True))
    valid = in_training(variables, image)
    edge = apply(same.clone(padding="edge"), variables, image)
    assert valid.shape == (1, 20 - 2 * radius, 17 - 2 * radius, 1)
    inside = (slice(None), slice(radius, -radius), slice(radius, -radius))
    np.testing.assert_allclose(whole[inside], valid, atol=1e-5)
    np.testing.assert_allclose(edge[inside], valid, atol=1e-5)

    padded = np.pad(image, [(0, 0), (radius, radius), (radius, radius), (0, 0)], "edge")
    by_hand = in_training(variables, padded)
    np.testing.assert_allclose(edge, by_hand, atol=1e-5)
    assert np.abs(edge - whole).max() > 1e-3
    np.testing.assert_array_equal(apply(unpadded, variables, image), edge)


@pytest.mark.parametrize(
    ("name", "last"), [("vdsr", "conv4"), ("lgcnet", "conv7"), ("zssr", "conv4")]
)
def test_the_last_layer_is_added_to_the_image(name, last):
    module = SMALL[name]
    image, _ = pair(module)
    params = initial(module)["params"]
    silent = {"params": {**params, last: jax.tree.map(jnp.zeros_like, params[last])}}
    np.testing.assert_array_equal(apply(module, silent, image), image)
    added = layers(module, {"params": params}, image)[last]
    np.testing.assert_allclose(apply(module, {"params": params}, image), image + added, atol=1e-6)


@pytest.mark.parametrize("name", ["edsr_x2", "rdn_x2"])
def test_the_mean_of_div2k_is_removed_and_restored(name):
    module = SMALL[name]
    image, _ = pair(module)
    mean = np.array([0.4488, 0.4371, 0.4040], np.float32)
    expected = np.broadcast_to(mean, (1, 2 * HEIGHT, 2 * WIDTH, 3))
    np.testing.assert_allclose(apply(module, zeros(module), image), expected, rtol=1e-6)

    # Without biases, nothing is left of an image that is the mean everywhere.
    flat = jnp.broadcast_to(mean, image.shape)
    found = apply(module, without_biases(initial(module)), flat)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_edsr_value_range_scales_what_the_network_sees():
    # Without biases the network is positively homogeneous: the range must cancel out.
    module = SMALL["edsr_x2"]
    image, _ = pair(module)
    variables = without_biases(initial(module))
    of_255 = apply(module, variables, image)
    of_2 = apply(module.clone(value_range=2.0), variables, image)
    np.testing.assert_allclose(of_2, of_255, atol=1e-5)


def test_edsr_starts_as_torch_does():
    module = EDSR(scale=2, features=64, blocks=1)
    params = initial(module)["params"]
    for layer, fan_in in (("head", 27), ("body", 576), ("tail", 576)):
        for leaf in params[layer].values():
            largest = np.abs(leaf).max() * np.sqrt(fan_in)
            assert largest <= 1
            if leaf.size >= 64:
                assert largest > 0.95
    kernel = np.asarray(params["body"]["kernel"])
    assert kernel.std() == pytest.approx(1 / np.sqrt(3 * 576), rel=0.02)


def test_edsr_light_starts_near_nearest_neighbour():
    module = EDSRLight(scale=3)
    image = np.random.default_rng(1).random((2, 9, 11, 3), np.float32)
    output = apply(module, initial(module), image)
    nearest = np.repeat(np.repeat(image, 3, axis=1), 3, axis=2)
    assert 0 < np.abs(output - nearest).mean() < 0.02


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_fsrcnn_ends_in_the_transposed_convolution(scale):
    generator = np.random.default_rng(0)
    image = jnp.asarray(generator.random((1, 4, 3, 1)), jnp.float32)
    params = dict(initial(SMALL["fsrcnn_x3"])["params"])
    params["deconvolution"] = jnp.asarray(generator.normal(size=(9, 9, 8, 1)), jnp.float32)
    params["bias"] = jnp.array([0.3])
    module = SMALL["fsrcnn_x3"].clone(scale=scale)
    maps = layers(module, {"params": params}, image)["expanding_prelu"][0]
    # Every pixel stamps the kernel onto the result; the paper crops 4 on each side.
    canvas = np.zeros((4 * scale + 8, 3 * scale + 8))
    for row in range(4):
        for column in range(3):
            stamp = np.asarray(params["deconvolution"])[..., 0] @ maps[row, column]
            canvas[row * scale :, column * scale :][:9, :9] += stamp
    expected = canvas[4 : 4 + 4 * scale, 4 : 4 + 3 * scale] + 0.3
    found = apply(module, {"params": params}, image)[0, ..., 0]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_espcn_activations_are_the_named_ones():
    module = SMALL["espcn_colour_x4"]
    image, _ = pair(module)
    variables = initial(module)
    found = layers(module, variables, image)
    hidden = np.where(found["conv1"] > 0, found["conv1"], 0.2 * found["conv1"])
    kernel, bias = variables["params"]["conv2"]["kernel"], variables["params"]["conv2"]["bias"]
    np.testing.assert_allclose(found["conv2"], convolution(hidden, kernel, bias), atol=1e-5)
    output = apply(module, variables, image)
    logits = found["conv3"][0, 2, 5, (1 * 4 + 3) * 3 + 2]  # row 1, column 3 of a block, blue
    assert float(output[0, 9, 23, 2]) == pytest.approx(1 / (1 + np.exp(-logits)), abs=1e-6)


def test_srresnet_updates_its_running_statistics_in_training_only():
    module = SMALL["srresnet_x4"]
    image, _ = pair(module)
    images = jnp.concatenate([image, image[:, ::-1] ** 2])
    variables = initial(module)
    maps = layers(module, variables, images, train=True)["body"]

    @partial(jit, static_argnames="train")
    def statistics(variables, images, train):
        return module.apply(variables, images, train, mutable=["batch_stats"])[1]

    found = statistics(variables, images, train=True)["batch_stats"]["body_norm"]
    # Torch's momentum of 0.1, from means of 0 and variances of 1.
    mean, variance = maps.mean(axis=(0, 1, 2)), maps.var(axis=(0, 1, 2))
    np.testing.assert_allclose(found["mean"], 0.1 * mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found["var"], 0.9 + 0.1 * variance, rtol=1e-4)

    same = statistics(variables, images, train=False)["batch_stats"]
    assert jax.tree.all(jax.tree.map(np.array_equal, same, variables["batch_stats"]))


def test_srresnet_biases_before_a_norm_do_nothing_in_training():
    module = SMALL["srresnet_x4"]
    image, target = pair(module)
    variables = initial(module)
    leaves = traverse_util.flatten_dict(variables, sep="/")
    for name in leaves:
        if name.endswith(("conv1/bias", "conv2/bias", "params/body/bias")):
            leaves[name] = leaves[name] + 1.0
    shifted = traverse_util.unflatten_dict(leaves, sep="/")
    losses = [
        float(training(module)(tree["params"], tree, image, target)[0])
        for tree in (variables, shifted)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    outputs = [apply(module, tree, image) for tree in (variables, shifted)]
    assert np.abs(outputs[1] - outputs[0]).max() > 1e-3


def test_srresnet_scales_tanh_to_the_unit_interval():
    module = SMALL["srresnet_x4"]
    image, _ = pair(module)
    variables = initial(module)
    tail = layers(module, variables, image)["tail"]
    expected = 1 / (1 + np.exp(-2 * tail))  # (tanh + 1) / 2 is a sigmoid of twice the value
    np.testing.assert_allclose(apply(module, variables, image), expected, atol=1e-6)


@pytest.mark.parametrize(("shifts", "scale"), [("published", 3), ("corrected", 2)])
def test_pecnn_looks_at_copies_of_its_first_image(shifts, scale):
    module = PECNN(scale=scale, shifts=shifts)
    image, _ = pair(module)
    params = dict(initial(module)["params"])
    maps = 3 * scale**2
    fuse = np.zeros((3, 3, 15 + maps, 64), np.float32)
    fuse[1, 1, range(15 + maps), range(15 + maps)] = 1  # shows its input
    params["fuse"] = {"kernel": jnp.asarray(fuse), "bias": jnp.zeros(64)}
    found = layers(module, {"params": params}, image)

    features = np.maximum(found["head3"][0], 0)
    split = features.reshape(HEIGHT, WIDTH, scale, scale, 3)
    base = split.transpose(0, 2, 1, 3, 4).reshape(scale * HEIGHT, scale * WIDTH, 3)
    # Shifted by cutting a strip off one edge and attaching one, subsampled, stacked.
    first_column, first_row, last_column, last_row = base[:, :1], base[:1], base[:, -1:], base[-1:]
    if shifts == "published":
        left = np.concatenate([base[:, :-1], first_column], axis=1)
        up = np.concatenate([base[:-1], first_row], axis=0)
    else:
        left = np.concatenate([first_column, base[:, :-1]], axis=1)
        up = np.concatenate([first_row, base[:-1]], axis=0)
    right = np.concatenate([base[:, 1:], last_column], axis=1)
    down = np.concatenate([base[1:], last_row], axis=0)
    copies = [copy[::scale, ::scale] for copy in (left, up, right, down, base)]
    expected = np.concatenate([*copies, features], axis=-1)
    np.testing.assert_array_equal(found["fuse"][0, ..., : 15 + maps], expected)

    silent = {**params, "tail": jax.tree.map(jnp.zeros_like, params["tail"])}
    np.testing.assert_allclose(apply(module, {"params": silent}, image)[0], base, atol=1e-6)


def test_ddrn_is_the_network_of_the_released_code():
    module = DDRN(scale=3, features=4, blocks=1)
    image, _ = pair(module)
    generator = np.random.default_rng(0)
    variables = jax.tree.map(
        lambda leaf: jnp.asarray(generator.normal(size=leaf.shape, scale=0.2), jnp.float32),
        zeros(module),
    )
    params = variables["params"]

    def layer(x, tree):
        x = convolution(x, tree["conv"]["kernel"], tree["conv"]["bias"])
        return np.maximum(x, 0) + np.asarray(tree["prelu"]["slope"]) * np.minimum(x, 0)

    def join(*maps):
        return np.concatenate(maps, axis=-1)

    trunk = layer(layer(np.asarray(image), params["head1"]), params["head2"])
    block = params["block1"]
    a = layer(trunk, block["path1_first"])
    b, c = layer(a, block["path2_first"]), layer(a, block["path3_first"])
    in_a = in_b = in_c = join(a, b, c)
    for k in (1, 2):
        own_a = layer(in_a, block[f"path1_narrow{k}"])
        own_b = layer(in_b, block[f"path2_narrow{k}"])
        own_c = layer(in_c, block[f"path3_narrow{k}"])
        a = layer(own_a, block[f"path1_conv{k}"])
        b = layer(own_b, block[f"path2_conv{k}"])
        c = layer(own_c, block[f"path3_conv{k}"])
        in_a, in_b, in_c = join(own_a, a, b, c), join(own_b, a, b, c), join(own_c, a, b, c)
    trunk = trunk + layer(join(a, b, c), block["fuse"])
    tail = convolution(
        layer(trunk, params["up1"]), params["tail"]["kernel"], params["tail"]["bias"]
    )
    shuffled = tail.reshape(HEIGHT, WIDTH, 3, 3, 3).transpose(0, 2, 1, 3, 4)

    silent = {**params, "tail": jax.tree.map(jnp.zeros_like, params["tail"])}
    added = apply(module, variables, image) - apply(module, {"params": silent}, image)
    np.testing.assert_allclose(added[0], shuffled.reshape(added.shape[1:]), atol=1e-4)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_ddrn_adds_to_the_enlarged_image(scale):
    module = SMALL["ddrn_x4"].clone(scale=scale)
    rows, columns, _ = np.ogrid[:10, :12, :3]
    ramp = 0.1 + 0.03 * rows + 0.02 * columns + np.zeros(3)
    found = apply(module, zeros(module), jnp.asarray(ramp[None], jnp.float32))[0]
    # Cubic interpolation reproduces a plane; only the border bends it.
    rows, columns, _ = np.ogrid[: 10 * scale, : 12 * scale, :3]
    rows, columns = (rows + 0.5) / scale - 0.5, (columns + 0.5) / scale - 0.5
    expected = 0.1 + 0.03 * rows + 0.02 * columns + np.zeros(3)
    inside = (slice(3 * scale, -3 * scale), slice(3 * scale, -3 * scale))
    np.testing.assert_allclose(found[inside], expected[inside], atol=1e-6)


@pytest.mark.parametrize("name", ["pecnn_corrected_x2", "ddrn_x4"])
def test_kernels_start_xavier_uniform(name):
    leaves = traverse_util.flatten_dict(initial(SMALL[name])["params"], sep="/")
    kernels = {name: leaf for name, leaf in leaves.items() if name.endswith("kernel")}
    for kernel in kernels.values():
        height, width, fan_in, fan_out = kernel.shape
        limit = np.sqrt(6 / (height * width * (fan_in + fan_out)))
        assert 0.95 * limit < np.abs(kernel).max() <= limit * (1 + 1e-6)
    for name in leaves.keys() - kernels.keys():  # biases, and DDRN's slopes
        assert not np.any(leaves[name])


def test_zssr_starts_with_a_tenth_of_the_variance():
    params = initial(ZSSRNet())["params"]
    for layer, fan_in in (("conv1", 27), *((f"conv{index}", 576) for index in range(2, 9))):
        kernel = np.asarray(params[layer]["kernel"])
        few = 5 / np.sqrt(2 * kernel.size)  # five standard errors
        assert kernel.std() == pytest.approx(np.sqrt(0.1 / fan_in), rel=few)
        assert np.abs(kernel).max() > 2.9 * kernel.std()  # not cut off at two
