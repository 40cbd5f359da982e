"""Networks of several frames: the papers' counts, a second writing with loops, training."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import skimage

from imaging_jax import pretrained, synthesis
from imaging_jax.losses import shifted_error
from imaging_jax.metrics import cpsnr
from imaging_jax.models.layers import convolve_volumes
from imaging_jax.models.multi_frame import (
    WDSR3D,
    ChannelMap,
    DeepSUM,
    HighResNet,
    ShiftNet,
    clearest_first,
)
from imaging_jax.models.multi_frame._shifts import displaced
from imaging_jax.models.multi_frame.highres_net import lower_median
from imaging_jax.models.multi_frame.roles import first_of
from imaging_jax.operators import lanczos_shift, resize
from imaging_jax.solvers import register_frames
from tests.models import multi_frame_numpy as second
from tests.models.super_resolution_helpers import jit
from tests.models.variables_by_numpy import drawn_like

LEVELS = {"mean": 0.4, "deviation": 0.25}
SMALL = {
    "deepsum": DeepSUM(
        scale=2, frames=5, features=3, depth=2, displacement=1, target_deviation=0.2, **LEVELS
    ),
    "wdsr3d": WDSR3D(frames=5, features=5, depth=1, expansion=2, **LEVELS),
    "highres_net": HighResNet(features=3, blocks=1),
    "razzak": HighResNet(channels=2, features=3, blocks=1, scale=2, additional_scaling=1.039),
}


def scene(module, frames=6, height=9, width=8, batch=1):
    """Frames and clear pixels by numpy; the last frame isn't there."""
    generator = np.random.default_rng(0)
    taken = generator.random((batch, frames, height, width, module.channels))
    clear = (generator.random((batch, frames, height, width, 1)) > 0.3).astype(np.float32)
    clear[:, -1] = 0
    return jnp.asarray(taken, jnp.float32), jnp.asarray(clear)


def shapes(module, *inputs):
    return jax.eval_shape(module.init, jax.random.key(0), *inputs)


def count(module, *inputs):
    inputs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in inputs]
    return sum(leaf.size for leaf in jax.tree.leaves(shapes(module, *inputs)["params"]))


@pytest.mark.parametrize(
    ("module", "channels", "parameters"),
    [
        # Counted in the authors' checkpoints and code.
        (DeepSUM(), 1, 1_045_330),
        (WDSR3D(), 1, 329_328),
        (HighResNet(), 1, 591_818),
        (HighResNet(channels=3, scale=2, additional_scaling=1.039), 3, 594_252),
        (HighResNet(channels=12, channels_out=3, scale=2, additional_scaling=1.039), 12, 604_620),
    ],
    ids=repr,
)
def test_has_the_papers_number_of_parameters(module, channels, parameters):
    assert count(module, (1, 9, 16, 16, channels), (1, 9, 16, 16, 1)) == parameters


def test_shift_nets_have_theirs():
    image = (1, 128, 128)
    assert count(ShiftNet(), (*image, 1), (*image, 1)) == 34_187_648
    assert count(ShiftNet(channels=3), (*image, 3), (*image, 3)) == 34_189_952


def test_razzaks_network_makes_134_pixels_of_64():
    module = HighResNet(channels=3, scale=2, additional_scaling=1.039)
    frames, clear = (jax.ShapeDtypeStruct((1, 2, 64, 64, n), jnp.float32) for n in (3, 1))
    output, _ = jax.eval_shape(module.init_with_output, jax.random.key(0), frames, clear)
    assert output.shape == (1, 134, 134, 3)


def by_numpy(name, variables, frames, clear):
    params = variables["params"]
    frames, clear = np.asarray(frames[0]), np.asarray(clear[0])
    if name == "highres_net":
        return second.highres_net(params, frames, clear.any(axis=(1, 2, 3)), 3)
    levels = LEVELS["mean"], LEVELS["deviation"]
    if name == "wdsr3d":
        return second.wdsr3d(params, frames[:5], *levels, blocks=1)

    def enlarge(image):
        return np.asarray(resize(jnp.asarray(image), 2), np.float64)

    return second.deepsum(params, frames[:5], clear[:5], 2, enlarge, (*levels, 0.2))


@pytest.mark.parametrize("name", ["deepsum", "wdsr3d", "highres_net"])
def test_is_that_of_the_second_writing(name):
    module = SMALL[name]
    frames, clear = scene(module)
    variables = drawn_like(shapes(module, frames, clear), np.random.default_rng(1))
    ours = jit(module.apply)(variables, frames, clear)
    theirs = by_numpy(name, variables, frames, clear)
    assert ours.shape[1:] == theirs.shape
    np.testing.assert_allclose(ours[0], theirs, atol=3e-5 * np.abs(theirs).max())


@functools.cache
def initial(name):
    module = SMALL[name]
    frames, clear = scene(module)
    return jit(module.init)(jax.random.key(0), frames, clear)


@pytest.mark.parametrize("name", SMALL)
def test_trains(name):
    module = SMALL[name]
    frames, clear = scene(module, batch=2)
    params = initial(name)["params"]
    made = jax.eval_shape(lambda p: module.apply({"params": p}, frames, clear), params)
    target = jnp.broadcast_to(
        resize(frames[:, 0, ..., : made.shape[-1]], shape=made.shape[1:3]), made.shape
    )

    @jit
    def step(params, state):
        def loss(params):
            return jnp.mean((module.apply({"params": params}, frames, clear) - target) ** 2)

        value, grads = jax.value_and_grad(loss)(params)
        updates, state = optimizer.update(grads, state)
        return optax.apply_updates(params, updates), state, value, grads

    optimizer = optax.adam(3e-3)
    state, losses = optimizer.init(params), []
    seen = jax.tree.map(jnp.zeros_like, params)
    for _ in range(6):
        params, state, value, grads = step(params, state)
        seen = jax.tree.map(lambda a, g: a + jnp.abs(g), seen, grads)
        losses.append(float(value))
    assert losses[-1] < losses[0]
    dead = [
        jax.tree_util.keystr(path)
        for path, leaf in jax.tree_util.tree_leaves_with_path(seen)
        if not jnp.any(leaf > 0)
    ]
    # In front of a norm of the whole image a bias is taken away again.
    assert all("bias" in name and name.startswith(("['describe", "['fuse")) for name in dead), dead


def test_the_volumes_convolution_is_xlas():
    generator = np.random.default_rng(0)
    x = jnp.asarray(generator.standard_normal((2, 5, 6, 7, 3)), jnp.float32)
    kernel = jnp.asarray(generator.standard_normal((3, 3, 3, 3, 4)), jnp.float32)
    for margin, padding in ((1, ((1, 1), (1, 1))), (0, "VALID")):
        rows = ((1, 1), (1, 1)) if margin else ((0, 0), (0, 0))
        theirs = jax.lax.conv_general_dilated(
            x, kernel, (1, 1, 1), ((margin, margin), *rows),
            dimension_numbers=("NDHWC", "DHWIO", "NDHWC"), precision="highest",
        )  # fmt: skip
        ours = convolve_volumes(x, kernel, margin=margin, padding=padding, precision="highest")
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_a_filter_of_one_pixel_moves_by_it():
    x = jnp.arange(42.0).reshape(1, 6, 7, 1)
    filters = jnp.zeros((1, 5, 5)).at[0, 0, 3].set(1.0)
    moved = np.asarray(displaced(x, filters))[0, ..., 0]
    around = np.pad(np.arange(42.0).reshape(6, 7), 2, mode="reflect")
    np.testing.assert_array_equal(moved, around[0:6, 3:10])


def test_the_gradient_of_moved_frames_is_that_of_differences(x64):
    generator = np.random.default_rng(0)
    x, filters = generator.standard_normal((2, 6, 7, 2)), generator.standard_normal((2, 3, 3))
    weights = generator.standard_normal(x.shape)
    value = jax.jit(lambda x, f: jnp.sum(weights * displaced(x, f) ** 2))
    for argument, change in ((0, generator.standard_normal(x.shape)),
                             (1, generator.standard_normal(filters.shape))):  # fmt: skip
        gradient = jax.grad(value, argument)(x, filters)
        ahead, behind = (
            value(*(a + (sign * 1e-6 * change if i == argument else 0)
                    for i, a in enumerate((x, filters))))
            for sign in (1, -1)
        )  # fmt: skip
        expected = (ahead - behind) / 2e-6
        np.testing.assert_allclose(np.sum(gradient * change), expected, rtol=1e-6)


def test_what_isnt_there_changes_nothing():
    module = SMALL["highres_net"]
    frames, clear = scene(module)
    apply, variables = jit(module.apply), initial("highres_net")
    image = apply(variables, frames, clear)
    np.testing.assert_array_equal(apply(variables, frames.at[:, -1].set(7.0), clear), image)
    # The view is the second of a pair, whose first goes on by itself.
    assert jnp.abs(apply(variables, frames, clear.at[:, -1].set(1.0)) - image).max() > 1e-4


@pytest.mark.parametrize("views", [3, 5, 7, 9])
def test_every_view_that_is_there_changes_the_image(views):
    module, generator = SMALL["highres_net"], np.random.default_rng(0)
    frames = jnp.asarray(generator.random((1, views, 6, 6, 1)), jnp.float32)
    clear, apply = jnp.ones_like(frames), jit(module.apply)
    image = apply(initial("highres_net"), frames, clear)
    for view in range(views):
        # A view far from the median leaves the reference of nine as it is, or changes it, too.
        moved = apply(initial("highres_net"), frames.at[:, view].add(3.0), clear)
        assert jnp.abs(moved - image).max() > 1e-4


def test_a_scene_without_a_clear_pixel_gives_numbers():
    module = SMALL["highres_net"]
    frames, clear = scene(module)
    image = jit(module.apply)(initial("highres_net"), frames, 0 * clear)
    assert jnp.isfinite(image).all()


def test_the_median_is_the_lower_of_the_two_in_the_middle():
    values = jnp.array([4.0, 1.0, 3.0, 2.0, 9.0]).reshape(1, 5, 1, 1, 1)
    for present, expected in (
        ([1, 1, 1, 1, 0], 2.0),
        ([1, 1, 1, 0, 0], 3.0),
        ([0, 0, 0, 0, 1], 9.0),
        ([0, 0, 0, 0, 0], 3.0),
    ):
        found = lower_median(values, jnp.asarray([present], jnp.float32))
        assert float(found.squeeze()) == expected


def test_frames_are_taken_from_the_clearest_on_and_again_where_they_are_few():
    frames = jnp.arange(4.0).reshape(1, 4, 1, 1, 1) * jnp.ones((1, 4, 2, 2, 1))
    clear = jnp.array([0.0, 0.5, 1.0, 0.5]).reshape(1, 4, 1, 1, 1)
    clear = (jnp.arange(4).reshape(1, 1, 2, 2, 1) < 4 * clear).astype(jnp.float32)
    ordered, seen = clearest_first(frames, clear)
    assert ordered[0, :, 0, 0, 0].tolist() == [2, 1, 3, 0]
    assert seen.mean(axis=(2, 3, 4))[0].tolist() == [1.0, 0.5, 0.5, 0.0]
    taken, _ = first_of(ordered, seen, 5)
    assert taken[0, :, 0, 0, 0].tolist() == [2, 1, 3, 2, 1]


def test_the_shift_of_an_image_is_found_by_descent():
    rows, columns = np.mgrid[:40, :40]
    smooth = np.sin(0.31 * rows) + np.cos(0.23 * columns + 0.1 * rows)
    image = jnp.asarray(smooth[..., None], jnp.float32)
    target = lanczos_shift(image, jnp.array([0.3, -0.7]))

    def loss(shift):
        return jnp.mean((lanczos_shift(image, shift) - target)[6:-6, 6:-6] ** 2)

    shift, descend = jnp.zeros(2), jit(jax.grad(loss))
    for _ in range(200):
        shift = shift - 2.0 * descend(shift)
    np.testing.assert_allclose(shift, [0.3, -0.7], atol=0.05)


def test_shift_net_learns_the_shift_of_pairs():
    # From (0, 0), where it starts, to (0.3, -0.7).
    generator = np.random.default_rng(0)
    images = jnp.asarray(generator.random((4, 8, 8, 1)), jnp.float32)
    images = resize(images, shape=(16, 16))
    moved = jax.vmap(lambda x: lanczos_shift(x, jnp.array([0.3, -0.7])))(images)
    module = ShiftNet(side=16, widths=(4, 4, 4, 4), hidden=16, dropout=0.0)
    variables = jit(module.init)(jax.random.key(0), images, moved)
    assert not jnp.any(module.apply(variables, images, moved))
    optimizer = optax.adam(1e-2)

    @jit
    def step(params, state):
        def loss(params):
            own = {**variables, "params": params}
            shift, _ = module.apply(own, images, moved, train=True, mutable=["batch_stats"])
            brought = jax.vmap(lanczos_shift)(images, shift)
            return jnp.mean((brought - moved)[:, 3:-3, 3:-3] ** 2), shift

        (_, shift), grads = jax.value_and_grad(loss, has_aux=True)(params)
        updates, state = optimizer.update(grads, state)
        return optax.apply_updates(params, updates), state, shift

    params = variables["params"]
    state = optimizer.init(params)
    for _ in range(60):
        params, state, shift = step(params, state)
    np.testing.assert_allclose(shift, np.broadcast_to([0.3, -0.7], (4, 2)), atol=0.05)


def test_gain_and_offset_between_sensors_are_recovered():
    image = jnp.asarray(np.random.default_rng(0).random((1, 16, 16, 3)), jnp.float32)
    gain, offset = jnp.array([0.7, 0.8, 0.9]), jnp.array([0.15, 0.1, 0.05])
    module, optimizer = ChannelMap(channels=3), optax.adam(3e-2)
    variables = module.init(jax.random.key(0), image)
    np.testing.assert_array_equal(module.apply(variables, image), image)

    @jit
    def step(variables, state):
        def loss(variables):
            return jnp.mean((module.apply(variables, image) - gain * image - offset) ** 2)

        updates, state = optimizer.update(jax.grad(loss)(variables), state)
        return optax.apply_updates(variables, updates), state

    state = optimizer.init(variables)
    for _ in range(400):
        variables, state = step(variables, state)
    layer = variables["params"]["map"]
    np.testing.assert_allclose(layer["kernel"], np.diag(gain), atol=0.01)
    np.testing.assert_allclose(layer["bias"], offset, atol=0.01)


@pytest.fixture
def near_infrared(imaging_data):
    """A generated scene in the levels of the near-infrared band, and the published network."""
    module, variables = pretrained.load("wdsr3d_nir")
    photograph = jnp.asarray(skimage.data.camera()[100:212, 180:292, None], jnp.float32) / 255
    image = 0.12 * photograph + 0.055
    made = synthesis.frame_scene(
        jax.random.key(1), image, (32, 32), margin=8, sigma=6e-4, brightness=5e-3,
        cloudy=0.0,
    )  # fmt: skip
    frames, clear = register_frames(made.frames[None], made.clear[None], reach=4)
    return module, variables, frames, clear, made


def test_the_published_weights_are_those_of_the_second_writing(near_infrared):
    module, variables, frames, clear, _ = near_infrared
    frames, clear = frames[:, :, :8, :8], clear[:, :, :8, :8]
    theirs = second.wdsr3d(
        variables["params"], np.asarray(frames[0, :7]), module.mean, module.deviation, blocks=8
    )
    np.testing.assert_allclose(jit(module.apply)(variables, frames, clear)[0], theirs, atol=1e-6)


def test_the_published_weights_see_rows_columns_and_frames_in_their_order(near_infrared):
    # Read in any other order, kernels of their size make a worse image of a scene.
    module, variables, frames, clear, made = near_infrared
    apply = jax.jit(module.apply)

    def quality(turn):
        def turned(path, leaf):
            return turn(leaf) if path[-1].key == "v" and leaf.shape[:3] == (3, 3, 3) else leaf

        read = jax.tree_util.tree_map_with_path(turned, variables)
        image = apply(read, frames, clear)
        return float(cpsnr(made.image[None], image, made.image_clear[None])[0][0])

    ours = quality(lambda v: v)
    for axes in ((2, 1, 0, 3, 4), (1, 0, 2, 3, 4), (0, 2, 1, 3, 4)):
        assert ours > quality(lambda v, axes=axes: v.transpose(axes)) + 1.0


def test_of_a_flat_scene_the_published_weights_make_a_flat_image(near_infrared):
    module, variables, *_ = near_infrared
    for level in (0.05, module.mean, 0.2):
        frames = jnp.full((1, 7, 12, 12, 1), level)
        image = jax.jit(module.apply)(variables, frames, jnp.ones_like(frames))
        assert float(jnp.abs(image - level).max()) < 0.01


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: WDSR3D(frames=4), "frames=4: wanted an odd number"),
        (lambda: WDSR3D(frames=1), "frames must be at least 3, got 1"),
        (lambda: DeepSUM(frames=8), "frames=8: wanted an odd number"),
        (lambda: HighResNet(channels=3), r"x must be an image of shape \(..., H, W, 3\)"),
    ],
)
def test_bad_input_is_refused(call, message):
    module = call()
    frames = jax.ShapeDtypeStruct((1, 3, 9, 9, 1), jnp.float32)
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(module.init, jax.random.key(0), frames, frames)


def test_the_loss_of_the_best_shift_is_the_corrected_error():
    generator = np.random.default_rng(0)
    reference = generator.random((2, 16, 14, 1)).astype(np.float32)
    estimate = np.roll(reference, (1, -2), axis=(1, 2)) * 0.9 + 0.1
    clear = (generator.random(reference.shape) > 0.3).astype(np.float32)
    error = jit(shifted_error)(reference, estimate, clear)
    expected, _ = cpsnr(jnp.asarray(reference), jnp.asarray(estimate), jnp.asarray(clear))
    np.testing.assert_allclose(-10 * np.log10(error), expected, rtol=1e-5)
    hidden = clear.copy()
    hidden[0, :, 4:] = 0
    hidden[1] = 0
    # Windows without a clear pixel are no match; an image without any is worth nothing.
    error = jit(shifted_error)(reference, estimate, hidden)
    expected, _ = cpsnr(jnp.asarray(reference), jnp.asarray(estimate), jnp.asarray(hidden))
    np.testing.assert_allclose(-10 * np.log10(error[0]), expected[0], rtol=1e-5)
    assert error[1] == 0.0
    with pytest.raises(ValueError, match="border=8: nothing is left"):
        shifted_error(reference, estimate, clear, border=8)
