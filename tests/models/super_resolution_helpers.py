import functools

import jax
import jax.numpy as jnp
import numpy as np
from scipy.signal import correlate

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

# Small enough to train a few steps in a second, on an odd, non-square image.
SMALL = {
    "srcnn": SRCNN(features=(8, 4), kernel_sizes=(5, 1, 3)),
    "srcnn_edge": SRCNN(features=(8, 4), kernel_sizes=(5, 1, 3), padding="edge"),
    "vdsr": VDSR(depth=4, features=8),
    "edsr_x2": EDSR(scale=2, features=8, blocks=2),
    "edsr_x3": EDSR(scale=3, features=8, blocks=2, residual_scale=0.1),
    "edsr_x4": EDSR(scale=4, features=8, blocks=1),
    "edsr_light_x3": EDSRLight(scale=3, features=8, blocks=2),
    "espcn_x3": ESPCN(scale=3, features=(8, 4)),
    "espcn_colour_x4": ESPCN(
        scale=4,
        channels=3,
        features=(8, 8),
        kernel_sizes=(5, 5, 5),
        activation="leaky_relu",
        output_activation="sigmoid",
    ),
    "espcn_prelu_x2": ESPCN(scale=2, features=(8, 4), activation="prelu", output_activation="tanh"),
    "fsrcnn_x3": FSRCNN(scale=3, d=8, s=4, m=2),
    "fsrcnn_sub_pixel_x2": FSRCNN(scale=2, d=8, s=4, m=1, upsampling="sub_pixel"),
    "srresnet_x4": SRResNet(scale=4, features=8, blocks=2),
    "srresnet_shared_x2": SRResNet(
        scale=2, features=8, blocks=1, shared_slopes=True, body_end="prelu"
    ),
    "rdn_x2": RDN(scale=2, D=2, C=2, G=4, G0=8),
    "lgcnet": LGCNet(features=8, combined_features=8),
    "pecnn_corrected_x2": PECNN(scale=2, shifts="corrected"),
    "ddrn_x4": DDRN(scale=4, features=16, blocks=1),
    "zssr": ZSSRNet(depth=4, features=16),
}
HEIGHT, WIDTH = 13, 10

# Programs that run once: optimised, they take twice as long to compile.
jit = functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})


def pair(module):
    """A smooth picture (sums of waves) and its subsampling, or its blur for upsampled inputs."""
    scale = 2 if "upsampled" in module.takes else module.scale
    rows, columns, phase = np.ogrid[: HEIGHT * scale, : WIDTH * scale, : module.channels]
    picture = 0.5 + 0.2 * np.sin(0.3 * rows + phase) + 0.2 * np.cos(0.2 * columns + 0.1 * rows)
    target = jnp.asarray(picture[None], jnp.float32)
    if "upsampled" in module.takes:
        target = target[:, :HEIGHT, :WIDTH]
        return (target + jnp.roll(target, 1, axis=1)) / 2, target
    return target[:, ::scale, ::scale], target


@functools.cache
def initial(module):
    image = jnp.zeros((1, 16, 16, module.channels))
    key = jax.random.key(0, impl="unsafe_rbg")  # compiles several times as fast as threefry
    return jit(module.init)(key, image)


@functools.cache
def _compiled(module):
    return jit(module.apply)


def apply(module, variables, image):
    return _compiled(module)(variables, image)


def loss_of(module, variables, image, target):
    """The mean square error in training, where batch norms take the batch's own statistics."""
    output, _ = module.apply(variables, image, train=True, mutable=["batch_stats"])
    return jnp.mean((output - target) ** 2)


@functools.cache
def training(module):
    """Compiled: (params, other variables, image, target) to the loss and its gradient."""

    def loss(params, others, image, target):
        return loss_of(module, {**others, "params": params}, image, target)

    return jit(jax.value_and_grad(loss))


def layers(module, variables, image, train=False):
    """The output of every direct layer of the module, by name."""

    @jit
    def capture(variables, image):
        return module.apply(
            variables,
            image,
            train,
            capture_intermediates=lambda layer, _: len(layer.path) == 1,
            mutable=["intermediates", "batch_stats"],
        )

    _, state = capture(variables, image)
    found = state["intermediates"]
    return {name: np.asarray(found[name]["__call__"][0]) for name in found if name != "__call__"}


def zeros(module):
    """The module's variables, all zero."""
    image = jax.ShapeDtypeStruct((1, 16, 16, module.channels), jnp.float32)
    shapes = jax.eval_shape(module.init, jax.random.key(0), image)
    return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)


def without_biases(variables):
    """The variables with biases zero."""
    return jax.tree.map(lambda leaf: np.array(leaf) * np.float32(leaf.ndim > 1), variables)


def convolution(x, kernel, bias):
    """Correlation of (1, H, W, C) with (h, w, C, D), zeros around the image."""
    radius = kernel.shape[0] // 2
    padded = np.pad(x[0], [(radius, radius), (radius, radius), (0, 0)])
    maps = [
        correlate(padded, np.asarray(kernel)[..., d], "valid")[..., 0]
        for d in range(kernel.shape[-1])
    ]
    return np.stack(maps, axis=-1)[None] + np.asarray(bias)
