"""Small generators and discriminators, and how to call each."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.models.generative import (
    ConvDiscriminator,
    ConvGenerator,
    DCGANDiscriminator,
    DCGANGenerator,
    MLPDiscriminator,
    MLPGenerator,
    TensorFlowDCGANDiscriminator,
    TensorFlowDCGANGenerator,
    TFGANDiscriminator,
    TFGANGenerator,
)
from imaging_jax.models.super_resolution import SRGANDiscriminator
from tests.models.super_resolution_helpers import jit

GENERATORS = {
    "mlp": MLPGenerator(latent=5, size=6, features=8),
    "conv": ConvGenerator(latent=5, size=8, features=2, channels=2),
    "conv_resize": ConvGenerator(latent=5, size=8, features=2, upsampling="resize"),
    "conv_classes": ConvGenerator(latent=5, size=8, features=2, classes=3),
    "dcgan_16": DCGANGenerator(latent=5, size=16, features=2, channels=3),
    "dcgan_28": DCGANGenerator(latent=5, size=28, features=4, classes=3, embedding=4),
    "tensorflow_dcgan": TensorFlowDCGANGenerator(latent=5, features=2),
    "tfgan": TFGANGenerator(latent=5, features=2, hidden=6),
}
DISCRIMINATORS = {
    "mlp": MLPDiscriminator(size=6, features=8),
    "conv": ConvDiscriminator(size=8, features=4, channels=2),
    "conv_spectral": ConvDiscriminator(size=8, features=4, normalization="spectral"),
    "conv_none": ConvDiscriminator(size=8, features=4, normalization="none"),
    "conv_projection": ConvDiscriminator(size=8, features=4, classes=3),
    "conv_spectral_projection": ConvDiscriminator(
        size=8, features=4, classes=3, normalization="spectral"
    ),
    "conv_plane": ConvDiscriminator(size=8, features=4, classes=3, conditioning="plane"),
    "dcgan_16": DCGANDiscriminator(size=16, features=4, channels=3),
    "dcgan_28": DCGANDiscriminator(size=28, features=4),
    "tensorflow_dcgan": TensorFlowDCGANDiscriminator(features=4),
    "tfgan": TFGANDiscriminator(features=4, hidden=6),
    "srgan": SRGANDiscriminator(size=24, features=4, hidden=6),
    "srgan_pooled": SRGANDiscriminator(size=24, features=4, hidden=6, head="pooled"),
}
BATCH = 6


def arguments(module, batch=BATCH):
    """A batch for the module, and labels where it takes them."""
    shape = (module.latent,) if hasattr(module, "latent") else module.image_shape
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.uniform(-1, 1, (batch, *shape)), jnp.float32)
    classes = getattr(module, "classes", 0)
    return (x, jnp.asarray(rng.integers(classes, size=batch))) if classes else (x, None)


@functools.cache
def initial(module):
    key = jax.random.key(0, impl="unsafe_rbg")
    return jit(module.init)(key, *arguments(module))


def rough(module):
    """Variables whose parameters are all of order 1, so that outputs fill their range."""
    rng = np.random.default_rng(3)
    variables = initial(module)
    params = jax.tree.map(
        lambda leaf: jnp.asarray(rng.standard_normal(leaf.shape), jnp.float32), variables["params"]
    )
    return {**variables, "params": params}


def train(module, variables, params, x, labels):
    """Calls the module in training; dropout falls alike at every call."""
    others = {name: leaf for name, leaf in variables.items() if name != "params"}
    return module.apply(
        {"params": params, **others},
        x,
        labels,
        train=True,
        mutable=list(others),
        rngs={"dropout": jax.random.key(1)},
    )
