import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import core, traverse_util

from imaging_jax.models.super_resolution import (
    DDRN,
    EDSR,
    ESPCN,
    FSRCNN,
    PECNN,
    RDN,
    SRCNN,
    VDSR,
    EDSRLight,
    LGCNet,
    SRResNet,
    ZSSRNet,
)
from tests.models.super_resolution_helpers import SMALL, apply, initial, pair, training

FSRCNN_S = {"d": 32, "s": 5, "m": 1}
COLOUR_ESPCN = {"channels": 3, "features": (64, 64), "kernel_sizes": (5, 5, 5)}
LEFTTHOMAS = {"blocks": 5, "shared_slopes": True, "body_end": "prelu"}

# A batch norm takes away every constant that is added before it.
WITHOUT_GRADIENT = {
    "srresnet_x4": {
        "body/bias",
        *(f"block{block}/conv{number}/bias" for block in (1, 2) for number in (1, 2)),
    },
    "srresnet_shared_x2": {"block1/conv1/bias", "block1/conv2/bias"},
}


def sizes(module):
    """The number of values in each of the module's collections."""
    image = jax.ShapeDtypeStruct((1, 16, 16, module.channels), jnp.float32)
    shapes = jax.eval_shape(module.init, jax.random.key(0), image)
    return {name: sum(leaf.size for leaf in jax.tree.leaves(tree)) for name, tree in shapes.items()}


@pytest.mark.parametrize(
    ("module", "parameters"),
    [
        (SRCNN(), 8_129),
        (SRCNN(kernel_sizes=(9, 3, 5)), 24_513),
        (SRCNN(kernel_sizes=(9, 5, 5)), 57_281),
        (SRCNN(channels=3), 20_099),
        (VDSR(), 665_921),
        (VDSR(use_bias=False), 664_704),
        (EDSR(scale=2), 1_369_859),
        (EDSR(scale=3), 1_554_499),
        (EDSR(scale=4), 1_517_571),
        (EDSR(scale=2, features=256, blocks=32, residual_scale=0.1), 40_729_603),
        (EDSR(scale=3, features=256, blocks=32, residual_scale=0.1), 43_680_003),
        (EDSR(scale=4, features=256, blocks=32, residual_scale=0.1), 43_089_923),
        (EDSRLight(scale=3), 91_931),
        (FSRCNN(scale=2), 12_809),
        (FSRCNN(scale=4), 12_809),
        (FSRCNN(scale=3, **FSRCNN_S), 4_086),
        (FSRCNN(scale=3, upsampling="sub_pixel"), 8_777),
        (FSRCNN(scale=3, upsampling="sub_pixel", **FSRCNN_S), 1_782),
        (ESPCN(scale=2), 21_284),
        (ESPCN(scale=3), 22_729),
        (ESPCN(scale=4), 24_752),
        (ESPCN(scale=2, channels=3), 26_796),
        (ESPCN(scale=3, channels=3), 31_131),
        (ESPCN(scale=4, channels=3), 37_200),
        (ESPCN(scale=2, **COLOUR_ESPCN), 126_540),
        (ESPCN(scale=3, **COLOUR_ESPCN), 150_555),
        (ESPCN(scale=4, **COLOUR_ESPCN), 184_176),
        (RDN(scale=2), 22_123_395),
        (RDN(scale=3), 22_308_035),
        (RDN(scale=4), 22_271_107),
        (RDN(scale=2, D=20, C=6, G=32), 5_616_515),
        (LGCNet(), 193_283),
        (LGCNet(channels=1), 191_553),
        (PECNN(), 157_366),
        (PECNN(shifts="corrected"), 157_366),
        (DDRN(scale=2), 7_028_364),
        (DDRN(scale=3), 7_037_019),
        (DDRN(scale=4), 7_037_708),
        (ZSSRNet(), 224_640),
    ],
    ids=repr,
)
def test_has_the_papers_number_of_parameters(module, parameters):
    assert sizes(module) == {"params": parameters}


@pytest.mark.parametrize(
    ("module", "parameters", "running"),
    [
        (SRResNet(scale=4), 1_550_659, 33 * 2 * 64),
        (SRResNet(scale=4, shared_slopes=True), 1_549_462, 33 * 2 * 64),
        (SRResNet(scale=4, **LEFTTHOMAS), 734_092, 1_280),
        (SRResNet(scale=4, blocks=5, shared_slopes=True), 734_219, 11 * 2 * 64),
    ],
    ids=repr,
)
def test_running_statistics_are_no_parameters(module, parameters, running):
    assert sizes(module) == {"params": parameters, "batch_stats": running}


@pytest.mark.parametrize("name", SMALL)
def test_maps_an_odd_image_to_its_size_and_type(name):
    module = SMALL[name]
    image, target = pair(module)
    variables = initial(module)
    output = apply(module, variables, image)
    assert output.shape == target.shape
    assert output.dtype == jnp.float32


@pytest.mark.parametrize(
    "name", ["srcnn_edge", "edsr_x2", "fsrcnn_x3", "srresnet_x4", "pecnn_corrected_x2"]
)
def test_takes_any_leading_axes(name):
    module = SMALL[name]
    image, _ = pair(module)
    variables = initial(module)
    stack = np.stack([image[:, ::-1], image])
    np.testing.assert_allclose(
        apply(module, variables, stack)[1], apply(module, variables, image), atol=1e-5
    )


@pytest.mark.parametrize(
    "module",
    [
        *(FSRCNN(scale=scale) for scale in (1, 2, 3, 4)),
        *(ESPCN(scale=scale) for scale in (1, 2, 3, 4)),
        *(SRResNet(scale=scale, blocks=1) for scale in (2, 4, 8)),
        *(RDN(scale=scale, D=1) for scale in (2, 3, 4)),
        *(PECNN(scale=scale, shifts=s) for scale in (2, 3, 4) for s in ("published", "corrected")),
        *(DDRN(scale=scale, blocks=1) for scale in (2, 3, 4)),
    ],
    ids=repr,
)
def test_serves_every_scale(module):
    key, image = jax.random.key(0), jax.ShapeDtypeStruct((5, 8, module.channels), jnp.float32)
    output, _ = jax.eval_shape(module.init_with_output, key, image)
    assert output.shape == (5 * module.scale, 8 * module.scale, module.channels)


@pytest.mark.parametrize("name", SMALL)
def test_adam_lowers_the_loss_and_moves_every_parameter(name):
    module = SMALL[name]
    image, target = pair(module)
    others, params = core.pop(initial(module), "params")
    losses, largest = [], jax.tree.map(lambda leaf: 0.0, params)
    mean = square = jax.tree.map(np.zeros_like, params)
    for number in range(1, 13):
        loss, gradient = training(module)(params, others, image, target)
        losses.append(float(loss))
        # In numpy: compiled, an optimizer takes as long as the network's gradient.
        gradient = jax.tree.map(np.asarray, gradient)
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
        square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, square, gradient)
        rate = np.float32(1e-3 * np.sqrt(1 - 0.999**number) / (1 - 0.9**number))
        params = jax.tree.map(
            lambda p, m, v, rate=rate: np.asarray(p) - rate * m / (np.sqrt(v) + 1e-8),
            params,
            mean,
            square,
        )
        if number <= 3:
            largest = jax.tree.map(
                lambda old, leaf: max(old, float(np.abs(leaf).max())), largest, gradient
            )
    assert losses[-1] < 0.9 * losses[0]
    largest = traverse_util.flatten_dict(largest, sep="/")
    rounding = 1e-6 * max(largest.values())
    still = {leaf for leaf, value in largest.items() if value <= rounding}
    assert still == WITHOUT_GRADIENT.get(name, set())


@pytest.mark.parametrize("name", SMALL)
def test_bfloat16_computes_near_float32_and_keeps_parameters(name):
    module = SMALL[name]
    image, _ = pair(module)
    half = module.clone(dtype=jnp.bfloat16)
    variables = initial(module)
    shapes = jax.eval_shape(half.init, jax.random.key(0), image)
    assert {leaf.dtype for leaf in jax.tree.leaves(shapes)} == {jnp.dtype(jnp.float32)}
    low, full = apply(half, variables, image), apply(module, variables, image)
    assert low.dtype == jnp.float32
    difference = np.abs(low - full).max()
    assert 0 < difference < 0.03 * float(jnp.ptp(full))


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("edsr_x2", 2),  # conv1 of each of two blocks
        ("edsr_light_x3", 2),
        ("rdn_x2", 4),  # both convolutions before the fusion of each
    ],
)
def test_remat_gives_the_same_parameters_and_gradients(name, again):
    module = SMALL[name]
    image, target = pair(module)
    variables = initial(module)
    remat = module.clone(remat=True)
    shapes = jax.eval_shape(remat.init, jax.random.key(0), image)
    assert jax.tree.structure(shapes) == jax.tree.structure(variables)

    inputs = (variables["params"], {}, image, target)
    gradients = (training(model)(*inputs)[1] for model in (module, remat))
    for plain, recomputed in zip(*map(jax.tree.leaves, gradients), strict=True):
        np.testing.assert_allclose(recomputed, plain, rtol=1e-4, atol=1e-5 * np.abs(plain).max())

    def convolutions(model):
        return str(training(model).trace(*inputs).jaxpr).count("conv_general_dilated[")

    assert convolutions(remat) == convolutions(module) + again


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (SRCNN(), (1, 8, 8, 3), r"SRCNN: x .* \(\.\.\., H, W, 1\), got \(1, 8, 8, 3\)"),
        (SRCNN(padding="reflect"), (1, 8, 8, 1), "padding must be .* got 'reflect'"),
        (SRCNN(kernel_sizes=(9, 2, 5)), (1, 8, 8, 1), r"kernel_sizes must be odd, got \(9, 2, 5\)"),
        (VDSR(depth=1), (1, 8, 8, 1), "depth must be at least 2, got 1"),
        (VDSR(), (8, 1), "VDSR: x"),
        (EDSR(scale=5), (1, 8, 8, 3), "scale must be 2, 3, 4 or 8, got 5"),
        (EDSR(scale=2, channels=1), (1, 8, 8, 1), "mean must have 1 values"),
        (EDSRLight(scale=0), (1, 8, 8, 3), "scale must be at least 1, got 0"),
        (EDSRLight(scale=2), (1, 8, 8, 1), "EDSRLight: x"),
        (FSRCNN(scale=2), (1, 8, 8, 3), "FSRCNN: x"),
        (FSRCNN(scale=0), (1, 8, 8, 1), "scale must be at least 1, got 0"),
        (FSRCNN(scale=2, upsampling="nearest"), (1, 8, 8, 1), "upsampling must .* got 'nearest'"),
        (ESPCN(scale=2), (8, 8), "ESPCN: x"),
        (ESPCN(scale=0), (1, 8, 8, 1), "scale must be at least 1, got 0"),
        (ESPCN(scale=2, activation="gelu"), (1, 8, 8, 1), "^activation must .* got 'gelu'"),
        (ESPCN(scale=2, output_activation="relu"), (1, 8, 8, 1), "output_activation .* got 'relu'"),
        (SRResNet(scale=4), (1, 8, 8, 1), "SRResNet: x"),
        (SRResNet(scale=3), (1, 8, 8, 3), "scale must be 2, 4 or 8, got 3"),
        (SRResNet(scale=4, body_end="relu"), (1, 8, 8, 3), "body_end must .* got 'relu'"),
        (RDN(scale=2), (1, 8, 8, 1), "RDN: x"),
        (RDN(scale=5, D=1, C=1), (1, 8, 8, 3), "scale must be 2, 3, 4 or 8, got 5"),
        (LGCNet(), (1, 8, 8, 1), "LGCNet: x"),
        (PECNN(), (1, 8, 8, 1), "PECNN: x"),
        (PECNN(scale=1), (1, 8, 8, 3), "scale must be at least 2, got 1"),
        (PECNN(shifts="right"), (1, 8, 8, 3), "shifts must .* got 'right'"),
        (DDRN(scale=2), (1, 8, 8, 1), "DDRN: x"),
        (DDRN(scale=8), (1, 8, 8, 3), "scale must be 2, 3 or 4, got 8"),
        (ZSSRNet(), (1, 8, 8, 1), "ZSSRNet: x"),
        (ZSSRNet(depth=1), (1, 8, 8, 3), "depth must be at least 2, got 1"),
    ],
)
def test_rejects_at_trace_time(module, shape, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(module.init, jax.random.key(0), jax.ShapeDtypeStruct(shape, jnp.float32))


def test_says_which_input_it_takes():
    upsampled = {type(module) for module in SMALL.values() if "upsampled" in module.takes}
    assert upsampled == {SRCNN, VDSR, LGCNet, ZSSRNet}
