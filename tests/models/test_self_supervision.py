"""Networks that learn without labels: counts, a second writing, training, masks."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from imaging_jax.losses import masked_patch_error, nt_xent
from imaging_jax.models.layers import RESNET_FAMILY, local_response_norm
from imaging_jax.models.self_supervision import (
    Colorization,
    ContextFreeNetwork,
    MaskedAutoencoder,
    PredictionHead,
    ProjectionHead,
    RelativeLocation,
    ResNetEncoder,
    grid_positions,
    to_patches,
)
from tests.models import self_supervision_numpy as second
from tests.models.super_resolution_helpers import jit
from tests.models.variables_by_numpy import drawn_like

SMALL_MAE = MaskedAutoencoder(4, 8, 2, 2, 12, 1, 3, image_shape=(8, 16, 2))
SMALL = {
    "relative_location": (
        RelativeLocation((4, 4, 6, 6, 4), 5, 2, 8, (19, 19, 3)),
        [(19, 19, 3)] * 2,
    ),
    "context_free_network": (
        ContextFreeNetwork(6, 4, (4, 4, 6, 6, 4), 5, 1, 8, 8, 0.0, (24, 24, 3)),
        [(4, 24, 24, 3)],
    ),
    "colorization": (Colorization(7, 2), [(16, 8, 1)]),
    "masked_autoencoder": (SMALL_MAE, [(8, 16, 2), (8,)]),
    "resnet_encoder": (ResNetEncoder(10, 4, True, (12, 10, 5)), [(12, 10, 5)]),
    "projection_head": (ProjectionHead(8, 4), [(6,)]),
    "prediction_head": (PredictionHead(8, 4), [(6,)]),
}


@pytest.fixture(autouse=True)
def small_depth(monkeypatch):
    # Not the papers', so that a network compiles in seconds.
    monkeypatch.setitem(RESNET_FAMILY, 10, ((1, 1, 1, 1), False))


def shapes(module, *given):
    given = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in given]
    return jax.eval_shape(module.init, jax.random.key(0), *given)


def count(tree):
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def given(name, batch=2):
    generator = np.random.default_rng(0)
    scale = 100 if name == "colorization" else 1
    arrays = [scale * generator.random((batch, *shape)) for shape in SMALL[name][1]]
    return [jnp.asarray(x, jnp.float32) for x in arrays]


def drawn(name, batch=2):
    """A small network, its variables by numpy and what it is given."""
    module, inputs = SMALL[name][0], given(name, batch)
    found = jax.eval_shape(module.init, jax.random.key(0), *inputs)
    return module, drawn_like(found, np.random.default_rng(1)), inputs


def test_relative_location_has_the_papers_layers():
    # Of the published layer list: convolutions, and the layer behind 3x3 places of 256 channels.
    params = shapes(RelativeLocation(), (1, 96, 96, 3), (1, 96, 96, 3))["params"]
    assert count(params) == 63_561_096
    assert count(params["trunk"]) == 3_747_200
    assert count(params["fc6"]) == 9_441_280
    assert all("scale" not in jax.tree_util.keystr(p) for p, _ in jax.tree.leaves_with_path(params))


@pytest.mark.parametrize(("permutations", "parameters"), [(1000, 46_544_232), (100, 42_856_932)])
def test_the_puzzle_network_has_the_papers_layers(permutations, parameters):
    params = shapes(ContextFreeNetwork(permutations), (1, 9, 75, 75, 3))["params"]
    assert count(params) == parameters
    assert (count(params["trunk"]), count(params["fc6"])) == (2_334_080, 2_360_320)
    assert count(params["fc7"]) == 37_752_832


def test_colorization_has_the_papers_layers():
    assert count(shapes(Colorization(), (1, 32, 32, 1))["params"]) == 32_235_385


@pytest.mark.parametrize(
    ("module", "shape", "parameters"),
    [
        (ResNetEncoder(18, small_stem=True, image_shape=(32, 32, 3)), (32, 32, 3), 11_168_832),
        (ResNetEncoder(18), (224, 224, 3), 11_176_512),
        (ResNetEncoder(18, image_shape=(64, 64, 13)), (64, 64, 13), 11_207_872),
        (ResNetEncoder(50), (224, 224, 3), 23_508_032),
        (ResNetEncoder(50, image_shape=(64, 64, 13)), (64, 64, 13), 23_539_392),
        (ProjectionHead(), (2048,), 4_458_624),
        (ProjectionHead(512), (512,), 328_320),
    ],
)
def test_encoders_and_heads_have_the_papers_numbers(module, shape, parameters):
    assert count(shapes(module, (1, *shape))["params"]) == parameters


@pytest.mark.parametrize(
    ("module", "encoder", "decoder"),
    [
        (MaskedAutoencoder(), 85_647_360, 26_008_320),
        (MaskedAutoencoder(width=1024, depth=24, heads=16), 303_099_904, 26_139_392),
        (
            MaskedAutoencoder(width=384, heads=6, image_shape=(224, 224, 13)),
            22_573_056,
            27_124_992,
        ),
        (MaskedAutoencoder(4, 128, 4, 4, 64, 2, 4, image_shape=(32, 32, 3)), 799_744, 111_536),
        (MaskedAutoencoder(8, 128, 4, 4, 64, 2, 4, image_shape=(64, 64, 13)), 900_096, 162_496),
    ],
)
def test_masked_autoencoders_have_the_papers_numbers(module, encoder, decoder):
    params = shapes(module, (1, *module.image_shape), (1, module.patches))["params"]
    ours = count([params[name] for name in ("embed", "class_entry", "encoder")])
    assert (ours, count(params) - ours) == (encoder, decoder)


def test_places_in_the_networks():
    module = RelativeLocation()
    patch = (1, 96, 96, 3)
    variables = shapes(module, patch, patch)
    # 96 pixels become 24, and 12, 6 and 3 behind the poolings.
    assert variables["params"]["fc6"]["dense"]["kernel"].shape == (3 * 3 * 256, 4096)
    images = jax.ShapeDtypeStruct((2, 64, 40, 1), jnp.float32)
    found, _ = jax.eval_shape(Colorization(7, 2).init_with_output, jax.random.key(0), images)
    assert found.shape == (2, 16, 10, 7)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("relative_location", (3, 8)),
        ("context_free_network", (3, 6)),
        ("colorization", (3, 4, 2, 7)),
        ("masked_autoencoder", (3, 8, 32)),
        ("resnet_encoder", (3, 32)),
        ("projection_head", (3, 4)),
        ("prediction_head", (3, 4)),
    ],
)
def test_outputs_are_single_precision_whatever_the_type(name, shape):
    module = SMALL[name][0].clone(dtype=jnp.bfloat16)
    found, variables = jax.eval_shape(module.init_with_output, jax.random.key(0), *given(name, 3))
    first = found[0] if isinstance(found, tuple) else found
    assert (first.shape, first.dtype) == (shape, jnp.float32)
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype("float32")}


@pytest.mark.parametrize(
    ("name", "features"),
    [
        ("relative_location", 8),
        ("context_free_network", 8),
        ("colorization", 16),
        ("masked_autoencoder", 8),
        ("resnet_encoder", 32),
    ],
)
def test_every_encoder_makes_features(name, features):
    module, variables, (x, *_) = drawn(name)
    x = x[:, 0] if name == "context_free_network" else x
    found = jit(lambda v, x: module.apply(v, x, method="encode"))(variables, x)
    assert (found.shape, found.dtype) == ((2, features), jnp.float32)
    assert np.std(found) > 0


def test_local_response_norm_is_the_formula():
    x = 50 * np.random.default_rng(0).standard_normal((2, 3, 7)).astype(np.float32)
    np.testing.assert_allclose(local_response_norm(x), second.local_response(x), rtol=1e-5)


def by_hand(name, variables, inputs):
    params = variables["params"]
    if name == "relative_location":
        return second.relative_location(variables, *inputs, stride=2, padding=2)
    if name == "context_free_network":
        return second.context_free_network(params, *inputs, stride=1)
    return second.colorization(variables, *inputs)


@pytest.mark.parametrize("name", ["relative_location", "context_free_network", "colorization"])
def test_networks_are_those_of_the_second_writing(name):
    module, variables, inputs = drawn(name)
    found = jit(module.apply)(variables, *inputs)
    for index, output in enumerate(found):
        wanted = by_hand(name, variables, [np.asarray(x[index], np.float64) for x in inputs])
        np.testing.assert_allclose(output, wanted, atol=1e-5 * max(1, np.abs(wanted).max()))


def test_the_masked_autoencoder_is_that_of_the_second_writing():
    module, variables, (images, noise) = drawn("masked_autoencoder")
    found, mask = jit(module.apply)(variables, images, noise)
    for index, image in enumerate(np.asarray(images, np.float64)):
        # The two of eight with the smallest numbers are shown.
        hidden = np.asarray(noise[index]) > np.sort(noise[index])[1]
        np.testing.assert_array_equal(mask[index], hidden)
        wanted = second.masked_autoencoder(variables["params"], image, hidden, 4, 2, 3)
        np.testing.assert_allclose(found[index], wanted, atol=1e-5)


def test_positions_and_patches():
    table = grid_positions((3, 5), 12)
    np.testing.assert_allclose(table, second.positions(3, 5, 12), atol=1e-6)
    image = np.random.default_rng(0).random((8, 12, 2)).astype(np.float32)
    np.testing.assert_array_equal(to_patches(image[None], 4)[0], second.patches(image, 4))


@pytest.mark.parametrize(
    ("masked", "image_shape", "hidden"),
    [
        (0.75, (64, 64, 1), 192),
        (0.9, (8, 20, 1), 9),
    ],
)
def test_so_many_patches_are_hidden_whatever_the_key(masked, image_shape, hidden):
    module = MaskedAutoencoder(4, 4, 1, 1, 4, 1, 1, masked=masked, image_shape=image_shape)
    images = jnp.zeros((3, *module.image_shape))
    noise = jax.random.uniform(jax.random.key(1), (3, module.patches))
    (_, mask), _ = jit(module.init_with_output)(jax.random.key(0), images, noise)
    assert mask.dtype == bool
    assert np.sum(mask, axis=1).tolist() == [hidden] * 3
    assert len(np.unique(mask, axis=0)) == 3


def test_hidden_pixels_are_not_seen_and_visible_targets_not_asked_for():
    module, variables, (images, noise) = drawn("masked_autoencoder")
    apply = jit(module.apply)
    found, mask = apply(variables, images, noise)
    targets = to_patches(images, 4)
    loss = float(masked_patch_error(found, targets, mask))
    other = jnp.where(mask[..., None], targets, 7 + 3 * targets[:, ::-1])
    assert float(masked_patch_error(found, other, mask)) == loss
    # The same images, other pixels where they are hidden.
    spread = np.repeat(np.repeat(np.asarray(mask).reshape(2, 2, 4), 4, axis=1), 4, axis=2)
    changed = jnp.where(spread[..., None], 0.5, images)
    np.testing.assert_array_equal(apply(variables, changed, noise)[0], found)
    assert np.abs(apply(variables, 1 - images, noise)[0] - found).max() > 0.01


def loss_of(name):
    """Of outputs to targets that have something to do with what is given."""
    if name in ("relative_location", "context_free_network", "colorization"):

        def classes(outputs, inputs):
            labels = jnp.arange(outputs[..., 0].size).reshape(outputs.shape[:-1])
            labels = labels % outputs.shape[-1]
            return optax.softmax_cross_entropy_with_integer_labels(outputs, labels).mean()

        return classes
    if name == "masked_autoencoder":
        return lambda outputs, inputs: masked_patch_error(
            outputs[0], to_patches(inputs[0], 4), outputs[1]
        )
    return lambda outputs, inputs: nt_xent(outputs, 0.5)


# What a batch norm takes away again: biases of the layers before it.
BEFORE_A_NORM = {
    "relative_location": ("conv3", "conv4", "conv5", "dense"),
}


@pytest.mark.parametrize("name", SMALL)
def test_a_few_steps_lower_the_loss_and_reach_every_leaf(name):
    module, inputs, loss_fn = SMALL[name][0], given(name, 8), loss_of(name)
    variables = jit(module.init)(jax.random.key(0), *inputs)
    params, rest = variables["params"], {k: v for k, v in variables.items() if k != "params"}
    optimizer = optax.adam(3e-3)
    moments = optimizer.init(params)

    @jit
    def step(params, moments):
        def loss(params):
            outputs, _ = module.apply(
                {"params": params} | rest, *inputs, train=True, mutable="batch_stats"
            )
            return loss_fn(outputs, inputs)

        value, grads = jax.value_and_grad(loss)(params)
        updates, moments = optimizer.update(grads, moments)
        return optax.apply_updates(params, updates), moments, value, grads

    losses, largest = [], jax.tree.map(lambda _: 0.0, params)
    for index in range(30):
        params, moments, value, grads = step(params, moments)
        losses.append(float(value))
        if index < 3:
            largest = jax.tree.map(lambda m, g: max(m, float(np.abs(g).max())), largest, grads)
    assert losses[-1] < 0.95 * losses[0]
    for path, leaf in jax.tree.leaves_with_path(largest):
        words = [entry.key for entry in path]
        if words[-1] == "bias" and any(word in words for word in BEFORE_A_NORM.get(name, ())):
            assert leaf < 1e-5
        else:
            assert leaf > 1e-8, jax.tree_util.keystr(path)


def test_dropout_is_off_without_train():
    module = SMALL["context_free_network"][0].clone(dropout=0.5)
    inputs = given("context_free_network")
    variables = jit(module.init)(jax.random.key(0), *inputs)
    whole = module.apply(variables, *inputs)
    np.testing.assert_array_equal(whole, module.apply(variables, *inputs))
    key = {"dropout": jax.random.key(1)}
    assert np.any(module.apply(variables, *inputs, train=True, rngs=key) != whole)


@pytest.mark.parametrize(
    ("module", "inputs", "message"),
    [
        (RelativeLocation(), [(1, 95, 96, 3)] * 2, r"x must have shape \(N, 96, 96, 3\)"),
        (RelativeLocation(), [(2, 96, 96, 3), (1, 96, 96, 3)], "second must have the shape"),
        (RelativeLocation((4, 4)), [(1, 96, 96, 3)] * 2, r"widths must be five, got \(4, 4\)"),
        (
            RelativeLocation(patch_shape=(12, 12, 3)),
            [(1, 12, 12, 3)] * 2,
            r"RelativeLocation: of patches \(12, 12, 3\) convolution 2 leaves 1x1",
        ),
        (ContextFreeNetwork(), [(1, 8, 75, 75, 3)], r"tiles must have shape \(N, 9, 75, 75, 3\)"),
        (
            ContextFreeNetwork(widths=(4, 5, 6, 6, 4)),
            [(1, 9, 75, 75, 3)],
            "widths must be five even numbers",
        ),
        (
            ContextFreeNetwork(tile_shape=(24, 24, 3)),
            [(1, 9, 24, 24, 3)],
            r"ContextFreeNetwork: of patches \(24, 24, 3\) convolution 5 leaves 1x1",
        ),
        (Colorization(), [(1, 12, 16, 1)], "height and width must be multiples of 8, got 12x16"),
        (Colorization(), [(1, 16, 16, 3)], r"lightness must have shape \(N, any, any, 1\)"),
        (ProjectionHead(), [(1, 4, 4)], r"ProjectionHead: features must have shape \(N, any\)"),
        (PredictionHead(hidden=0), [(1, 4)], "PredictionHead: hidden must be at least 1, got 0"),
        (ResNetEncoder(20), [(1, 224, 224, 3)], "ResNetEncoder: depth must be one of"),
        (ResNetEncoder(18), [(1, 224, 224, 4)], r"x must have shape \(N, 224, 224, 3\)"),
        (
            SMALL_MAE.clone(patch_size=3),
            [(1, 8, 16, 2), (1, 8)],
            "MaskedAutoencoder: patch_size must divide the image's sides, got 3",
        ),
        (SMALL_MAE, [(1, 8, 16, 2), (1, 7)], r"noise must have shape \(N, 8\)"),
        (SMALL_MAE.clone(heads=3), [(1, 8, 16, 2), (1, 8)], "heads must divide the width"),
        (
            SMALL_MAE.clone(decoder_width=6),
            [(1, 8, 16, 2), (1, 8)],
            "widths must be multiples of 4, got 6",
        ),
        (SMALL_MAE.clone(masked=0.95), [(1, 8, 16, 2), (1, 8)], "masked=0.95 shows 0 of 8 patches"),
        (SMALL_MAE.clone(masked=0.0), [(1, 8, 16, 2), (1, 8)], "masked=0.0 shows 8 of 8 patches"),
    ],
)
def test_bad_input_is_refused_at_trace_time(module, inputs, message):
    with pytest.raises(ValueError, match=message):
        shapes(module, *inputs)
