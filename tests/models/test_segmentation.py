"""Networks that segment: the papers' counts and sizes, a second writing with loops, training."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.ndimage import zoom

from imaging_jax.losses import binary_nll
from imaging_jax.models.layers import RESNET_FAMILY, adaptive_average_pool, resize_aligned
from imaging_jax.models.restoration import FBPConvNet
from imaging_jax.models.segmentation import PSPNet, Segmenter, UNet
from tests.models import segmentation_numpy as second
from tests.models.super_resolution_helpers import jit
from tests.models.variables_by_numpy import drawn_like

# Depths of ResNet that aren't the papers', so that a network compiles in seconds.
BASIC, BOTTLENECK = (1, 1, 1, 2), (1, 1, 1, 1)
SMALL = {
    "unet": UNet(3, 2, features=3, depth=2),
    "unet_same": UNet(1, 1, features=3, depth=2, padding="same", batch_norm=True),
    "pspnet": PSPNet(1, 1, 10, features=4, deep_stem=False, auxiliary=False),
    "pspnet_deep": PSPNet(3, 2, 17, features=2),
    "fbp_conv_net": FBPConvNet(features=3, depth=2),
}
SIZES = {"unet": (44, 48)}


@pytest.fixture(autouse=True)
def small_depths(monkeypatch):
    monkeypatch.setitem(RESNET_FAMILY, 10, (BASIC, False))
    monkeypatch.setitem(RESNET_FAMILY, 17, (BOTTLENECK, True))


def shapes(module, height=64, width=64):
    images = jax.ShapeDtypeStruct((1, height, width, module.channels), jnp.float32)
    return jax.eval_shape(module.init, jax.random.key(0), images)


def drawn(name, batch=2, size=(21, 18)):
    """Variables and images by numpy: kernels keep the size of what passes."""
    module, size = SMALL[name], SIZES.get(name, size)
    generator = np.random.default_rng(0)
    variables = drawn_like(shapes(module, *size), generator)
    images = generator.random((batch, *size, module.channels))
    return variables, jnp.asarray(images, jnp.float32)


@pytest.mark.parametrize(
    ("module", "parameters"),
    [
        # The paper's layer list, with one or three channels and one or two classes.
        (UNet(), 31_030_658),
        (UNet(1, 1), 31_030_593),
        (UNet(3, 1), 31_031_745),
        (UNet(3, 2), 31_031_810),
        # A scale and an offset behind each of the 18 3x3 convolutions.
        (UNet(3, 1, batch_norm=True), 31_031_745 + 11_776),
        (UNet(1, 1, 32, 4, "same"), 7_759_521),
        (UNet(1, 1, 16, 4, "same"), 1_940_817),
        (UNet(1, 1, 16, 3, "same"), 481_745),
        # github.com/hszhao/semseg, without and with the auxiliary head.
        (PSPNet(auxiliary=False), 46_716_373),
        (PSPNet(), 49_081_578),
        (PSPNet(3, 2, auxiliary=False), 46_706_626),
        (PSPNet(3, 2), 49_066_948),
        (PSPNet(3, 150), 49_180_908),
        (PSPNet(3, 21, 101, auxiliary=False), 65_708_501),
        (PSPNet(3, 21, 101), 68_073_706),
        (PSPNet(3, 1, deep_stem=False, auxiliary=False), 46_582_337),
        (PSPNet(3, 1, 18, deep_stem=False, auxiliary=False), 12_619_713),
        # github.com/panakino/FBPConvNet.
        (FBPConvNet(), 34_562_945),
    ],
    ids=repr,
)
def test_has_the_papers_number_of_parameters(module, parameters):
    side = 188 if isinstance(module, UNet) else 64
    leaves = jax.tree.leaves(shapes(module, side, side)["params"])
    assert sum(leaf.size for leaf in leaves) == parameters


def test_the_unets_maps_have_the_sides_of_its_figure():
    module = UNet(features=2)
    image = jax.ShapeDtypeStruct((1, 572, 572, 1), jnp.float32)
    capture = functools.partial(module.apply, capture_intermediates=True, mutable="intermediates")
    logits, state = jax.eval_shape(capture, shapes(module, 188, 188), image)
    assert logits.shape == (1, 388, 388, 2)
    assert module.margin == (572 - 388) // 2
    found = {
        name: layer["__call__"][0].shape[1]
        for name, layer in state["intermediates"].items()
        if name.endswith("_conv2")
    }
    down, up = (568, 280, 136, 64, 28), (388, 196, 100, 52)
    assert found == {
        **{f"down{level}_conv2": side for level, side in enumerate(down, 1)},
        **{f"up{level}_conv2": side for level, side in enumerate(up, 1)},
    }


def test_tiles_without_padding_are_parts_of_the_whole():
    # The paper's overlap-tile strategy: a tile's logits are the whole image's, without seams.
    module, (variables, _) = SMALL["unet"], drawn("unet")
    image = jnp.asarray(np.random.default_rng(1).random((60, 52, 3)), jnp.float32)
    apply = jit(module.apply)
    whole, tile = apply(variables, image), apply(variables, image[8:56, 4:48])
    margin = module.margin
    assert whole.shape == (60 - 2 * margin, 52 - 2 * margin, 2)
    np.testing.assert_allclose(whole[8:16, 4:8], tile, atol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_is_that_of_the_second_writing(name):
    writings = {
        "unet": lambda x, v: second.unet(x, v, 2, "valid"),
        "unet_same": lambda x, v: second.unet(x, v, 2, "same"),
        "pspnet": lambda x, v: second.pspnet(x, v, BASIC, False)[0],
        "pspnet_deep": lambda x, v: second.pspnet(x, v, BOTTLENECK, True)[0],
        "fbp_conv_net": lambda x, v: second.fbp_conv_net(x, v, 2),
    }
    variables, images = drawn(name)
    # With leading axes of any number.
    found = jit(SMALL[name].apply)(variables, images[:, None])
    assert found.dtype == jnp.float32
    for one, image in zip(found[:, 0], np.asarray(images, np.float64), strict=True):
        wanted = writings[name](image, variables)
        np.testing.assert_allclose(one, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())


def test_training_returns_both_heads_of_the_second_writing():
    module, (variables, images) = SMALL["pspnet_deep"].clone(dropout=0.0), drawn("pspnet_deep")
    train = functools.partial(module.apply, train=True, mutable=["batch_stats"])
    heads, updated = jit(train)(variables, images)
    # Torch's momentum: a tenth of the new running statistics are the batch's.
    batch = jax.tree.map(
        lambda new, old: (np.asarray(new, np.float64) - 0.9 * np.asarray(old, np.float64)) / 0.1,
        updated["batch_stats"],
        variables["batch_stats"],
    )
    trained = {"params": variables["params"], "batch_stats": batch}
    wanted = [
        second.pspnet(image, trained, BOTTLENECK, True) for image in np.asarray(images, np.float64)
    ]
    assert len(heads) == 2
    for found, logits in zip(heads, zip(*wanted, strict=True), strict=True):
        np.testing.assert_allclose(found, logits, atol=1e-3 * np.abs(logits).max())


@pytest.mark.parametrize("size", [(13, 4), (1, 6)])
def test_averages_over_cells(size):
    x = np.random.default_rng(0).random((2, *size, 3))
    for bins in (1, 2, 3, 6):
        found = adaptive_average_pool(jnp.asarray(x, jnp.float32), bins)
        for one, image in zip(found, x, strict=True):
            np.testing.assert_allclose(one, second.averaged(image, bins), rtol=1e-5)


def test_interpolation_keeps_the_corners():
    x = np.random.default_rng(0).random((1, 5, 4, 3)).astype(np.float32)
    found = resize_aligned(jnp.asarray(x), 15, 6)
    np.testing.assert_allclose(found, zoom(x, (1, 3, 1.5, 1), order=1), atol=1e-5)
    np.testing.assert_array_equal(found[:, ::14, ::5], x[:, ::4, ::3])
    np.testing.assert_allclose(
        resize_aligned(jnp.asarray(x[:, :1]), 3, 4), np.repeat(x[:, :1], 3, 1)
    )


@pytest.mark.parametrize("name", [name for name in SMALL if name != "unet"])
def test_keeps_any_size(name):
    module, (variables, images) = SMALL[name], drawn(name)
    width = getattr(module, "classes", module.channels)
    for height in (1, 9):
        found = jax.eval_shape(module.apply, variables, images[0, :height, :5])
        assert (found.shape, found.dtype) == ((height, 5, width), jnp.float32)


def test_half_precision_returns_float32():
    for name in ("unet", "pspnet_deep"):
        module, (variables, images) = SMALL[name].clone(dtype=jnp.bfloat16), drawn(name)
        assert jax.eval_shape(module.apply, variables, images).dtype == jnp.float32


@pytest.mark.slow
@pytest.mark.parametrize("name", ["unet", "unet_same", "pspnet_deep", "fbp_conv_net"])
def test_a_few_steps_lower_the_loss_and_reach_every_leaf(name):
    module, (variables, images) = SMALL[name], drawn(name)
    variables = dict(variables)
    params = variables.pop("params")
    margin = getattr(module, "margin", 0)
    height, width = (side - 2 * margin for side in images.shape[1:3])
    disc = (np.hypot(*np.ogrid[-0.7 : 0.7 : height * 1j, -0.7 : 0.7 : width * 1j]) < 0.5).astype(
        np.float32
    )
    target = jnp.broadcast_to(disc[..., None], (2, height, width, 1))
    optimizer = optax.adam(1e-2)
    moments = optimizer.init(params)

    def loss_of(output):
        if isinstance(module, Segmenter):
            # Of two classes, the mask is the second.
            return binary_nll(output[..., -1:] - output[..., :1] * (module.classes > 1), target)
        return jnp.mean((output - target) ** 2)

    @jit
    def step(params, variables, moments, key):
        def loss(params):
            outputs, updated = module.apply(
                {"params": params, **variables},
                images,
                train=True,
                mutable=["batch_stats"],
                rngs={"dropout": key},
            )
            return sum(loss_of(output) for output in jax.tree.leaves(outputs)), updated

        (value, variables), grads = jax.value_and_grad(loss, has_aux=True)(params)
        updates, moments = optimizer.update(grads, moments)
        return optax.apply_updates(params, updates), variables, moments, value, grads

    losses, largest = [], jax.tree.map(lambda _: 0.0, params)
    for index in range(10):
        key = jax.random.key(index)
        params, variables, moments, value, grads = step(params, variables, moments, key)
        losses.append(float(value))
        if index < 3:
            largest = jax.tree.map(lambda m, g: max(m, np.abs(g).max()), largest, grads)
    assert losses[-1] < 0.8 * losses[0]
    sizes = {
        "/".join(entry.key for entry in path): size
        for path, size in jax.tree_util.tree_leaves_with_path(largest)
    }

    def is_taken_away(path):
        """Whether it is a bias before a norm, which takes it away."""
        layer, kind = path.rsplit("/", 1)
        norm = layer.replace("conv", "norm") if "conv" in layer else f"{layer}_norm"
        return kind == "bias" and f"{norm}/scale" in sizes

    assert min(size for path, size in sizes.items() if not is_taken_away(path)) > 1e-7


def test_dropout_is_at_the_end_of_the_contracting_path():
    module, (variables, images) = SMALL["unet"], drawn("unet")
    capture = functools.partial(
        module.apply,
        train=True,
        capture_intermediates=lambda layer, _: bool(layer.path),
        mutable="intermediates",
    )
    _, state = jit(capture)(variables, images, rngs={"dropout": jax.random.key(0)})
    found = {
        name: np.asarray(layer["__call__"][0]) for name, layer in state["intermediates"].items()
    }
    for index, level in enumerate((2, 3)):
        kept, whole = found[f"Dropout_{index}"], np.maximum(found[f"down{level}_conv2"], 0)
        assert np.all((kept == 0) | np.isclose(kept, 2 * whole))
        assert np.mean(kept[whole > 0] == 0) == pytest.approx(0.5, abs=0.1)
    assert "Dropout_2" not in found


def test_kernels_start_by_the_nodes_that_come_in():
    # The paper, section 3: sqrt(2 / N), N of a 3x3 convolution 9 times its channels. An output
    # pixel of a transposed one of stride 2 sees a single tap, all channels of it.
    module = UNet(features=48, depth=1, padding="same")
    key = jax.random.key(0, impl="unsafe_rbg")  # compiles several times as fast as threefry
    params = jit(module.init)(key, jnp.zeros((1, 2, 2, 1)))["params"]
    for name, nodes in (("down1_conv2", 9 * 48), ("up1_conv1", 9 * 96), ("enlarge1", 96)):
        assert params[name]["kernel"].std() == pytest.approx(np.sqrt(2 / nodes), rel=0.05)
        assert not params[name]["bias"].any()


def test_a_net_that_predicts_nothing_returns_the_image():
    module, (variables, images) = SMALL["fbp_conv_net"], drawn("fbp_conv_net")
    tail = jax.tree.map(jnp.zeros_like, variables["params"]["tail"])
    variables = {**variables, "params": {**variables["params"], "tail": tail}}
    np.testing.assert_array_equal(jit(module.apply)(variables, images), images)


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (UNet(), (572, 573, 1), r"UNet: height and width must be 188 \+ 16k .* got 572x573"),
        (UNet(), (172, 188, 1), r"UNet: height and width must be 188 \+ 16k .* got 172x188"),
        (UNet(), (188, 188, 3), r"UNet: x must be an image of shape \(..., H, W, 1\)"),
        (UNet(padding="edge"), (188, 188, 1), r"UNet: padding must be one of .* got 'edge'"),
        (UNet(depth=0), (188, 188, 1), "UNet: depth must be at least 1, got 0"),
        (UNet(dropout=1.0), (188, 188, 1), r"UNet: dropout must be in \[0, 1\), got 1.0"),
        (UNet(classes=0), (188, 188, 1), "UNet: classes must be at least 1, got 0"),
        (PSPNet(depth=20), (33, 33, 3), r"PSPNet: depth must be one of \(18, .* got 20"),
        (PSPNet(features=0), (33, 33, 3), "PSPNet: features must be at least 1, got 0"),
        (PSPNet(dropout=-1), (33, 33, 3), r"PSPNet: dropout must be in \[0, 1\), got -1"),
        (PSPNet(), (33, 33, 1), r"PSPNet: x must be an image of shape \(..., H, W, 3\)"),
        (FBPConvNet(), (33, 33, 3), r"FBPConvNet: x must be an image of shape \(..., H, W, 1\)"),
        (FBPConvNet(depth=0), (33, 33, 1), "FBPConvNet: depth must be at least 1, got 0"),
    ],
    ids=repr,
)
def test_rejects_at_trace_time(module, shape, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(module.init, jax.random.key(0), jnp.zeros((1, *shape)))


def test_rejects_integers_and_training_on_one_image():
    for module in (UNet(), PSPNet(channels=1), FBPConvNet()):
        with pytest.raises(ValueError, match="x must be real floating point"):
            jax.eval_shape(module.init, jax.random.key(0), np.zeros((188, 188, 1), np.uint8))
    train = functools.partial(PSPNet().init, train=True)
    with pytest.raises(ValueError, match="PSPNet: training needs batches of at least 2 images"):
        jax.eval_shape(train, jax.random.key(0), jnp.zeros((1, 33, 33, 3)))
