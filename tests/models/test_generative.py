"""Generators and discriminators: published counts, ranges, conditions, initial values."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

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
from tests.models.generative_helpers import (
    BATCH,
    DISCRIMINATORS,
    GENERATORS,
    arguments,
    initial,
    rough,
)
from tests.models.super_resolution_helpers import jit

EVERY = [*GENERATORS.values(), *DISCRIMINATORS.values()]


@pytest.mark.parametrize(
    ("module", "parameters"),
    [
        (MLPGenerator(), 283_920),
        (MLPDiscriminator(), 267_009),
        (ConvGenerator(), 110_777),
        (ConvGenerator(classes=10), 136_025),
        (ConvGenerator(upsampling="resize"), 106_297),
        (ConvGenerator(upsampling="resize", classes=10), 131_545),
        (ConvDiscriminator(), 8_505),
        (ConvDiscriminator(classes=10), 8_825),
        (ConvDiscriminator(features=16), 30_321),
        (ConvDiscriminator(features=16, classes=10), 30_961),
        (ConvDiscriminator(features=16, classes=10, conditioning="plane"), 38_417),
        (DCGANGenerator(channels=3), 3_576_704),
        (DCGANGenerator(), 3_574_656),
        (DCGANGenerator(size=28), 3_573_696),
        (DCGANGenerator(size=28, classes=10, embedding=10), 3_655_716),
        (DCGANGenerator(size=28, classes=10, embedding=50), 3_983_796),
        (DCGANGenerator(size=28, classes=10), 4_393_896),
        (DCGANGenerator(size=32, channels=3), 1_068_928),
        (DCGANGenerator(size=32, channels=3, features=128), 3_448_576),
        (DCGANGenerator(size=32, channels=3, features=32), 370_624),
        (DCGANGenerator(size=32, channels=3, features=16), 144_352),
        (DCGANGenerator(size=32), 1_066_880),
        (DCGANGenerator(size=32, features=32), 369_600),
        (DCGANDiscriminator(channels=3), 2_765_568),
        (DCGANDiscriminator(), 2_763_520),
        (DCGANDiscriminator(size=28), 661_248),
        (DCGANDiscriminator(size=32, channels=3), 663_296),
        (DCGANDiscriminator(size=32, channels=3, features=128), 2_637_312),
        (DCGANDiscriminator(size=32, channels=3, features=32), 167_808),
        (DCGANDiscriminator(size=32, channels=3, features=16), 42_944),
        (DCGANDiscriminator(size=32), 661_248),
        (DCGANDiscriminator(size=32, features=32), 166_784),
        (TensorFlowDCGANGenerator(), 2_305_472),
        (TensorFlowDCGANDiscriminator(), 212_865),
        (TFGANGenerator(), 6_667_297),
        (TFGANDiscriminator(), 6_557_889),
    ],
    ids=repr,
)
def test_has_the_published_number_of_parameters(module, parameters):
    shapes = jax.eval_shape(module.init, jax.random.key(0), *arguments(module))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes["params"])) == parameters


def test_tensorflows_tutorial_counts_its_statistics():
    module = TensorFlowDCGANGenerator()
    shapes = jax.eval_shape(module.init, jax.random.key(0), *arguments(module))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == 2_330_944


@pytest.mark.parametrize("name", GENERATORS)
def test_generators_draw_images_in_range(name):
    module = GENERATORS[name]
    z, labels = arguments(module)
    variables = rough(module)
    images = jit(module.apply)(variables, z, labels)
    assert (images.shape, images.dtype) == ((BATCH, *module.image_shape), jnp.float32)
    assert float(images.min()) < 0 < float(images.max())
    assert 0.8 < float(jnp.abs(images).max()) <= 1
    # Each image is its own latent vector's.
    single = jit(module.apply)(variables, z[2:3], labels if labels is None else labels[2:3])
    np.testing.assert_allclose(images[2:3], single, atol=1e-4)
    assert float(jnp.abs(images[2] - images[3]).max()) > 1e-3


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_discriminators_give_a_logit_an_image(name):
    module = DISCRIMINATORS[name]
    x, labels = arguments(module)
    logits = jit(module.apply)(initial(module), x, labels)
    assert (logits.shape, logits.dtype) == ((BATCH,), jnp.float32)
    single = jit(module.apply)(initial(module), x[2:3], labels if labels is None else labels[2:3])
    np.testing.assert_allclose(logits[2:3], single, rtol=1e-4, atol=1e-6)
    assert len(np.unique(logits)) == BATCH


@pytest.mark.parametrize("module", EVERY, ids=[*GENERATORS, *DISCRIMINATORS])
def test_half_precision_computes_and_keeps_float32_outside(module):
    variables = jax.eval_shape(module.init, jax.random.key(0), *arguments(module))
    half = module.clone(dtype=jnp.bfloat16)
    output, found = jax.eval_shape(half.init_with_output, jax.random.key(0), *arguments(module))
    assert output.dtype == jnp.float32
    assert found == variables
    program = str(jax.make_jaxpr(half.apply)(initial(module), *arguments(module)))
    assert "bf16" in program


@pytest.mark.parametrize("name", [n for n, m in GENERATORS.items() if getattr(m, "classes", 0)])
def test_generators_heed_the_label(name):
    module = GENERATORS[name]
    z, labels = arguments(module)
    apply = jit(module.apply)
    images, others = (apply(rough(module), z, y) for y in (labels, (labels + 1) % 3))
    assert float(jnp.abs(images - others).max(axis=(1, 2, 3)).min()) > 0.01


@pytest.mark.parametrize("name", [n for n, m in DISCRIMINATORS.items() if getattr(m, "classes", 0)])
def test_discriminators_heed_the_label(name):
    module = DISCRIMINATORS[name]
    x, labels = arguments(module)
    apply = jit(module.apply)
    logits, others = (apply(initial(module), x, y) for y in (labels, (labels + 1) % 3))
    assert float(jnp.abs(logits - others).min()) > 1e-6


def test_initial_kernels():
    key = jax.random.key(0)
    module = DCGANDiscriminator(size=32, features=16)
    params = module.init(key, *arguments(module))["params"]
    for layer in ("conv2", "conv3"):
        assert float(params[layer]["kernel"].std()) == pytest.approx(0.02, rel=0.03)
    assert float(params["norm3"]["scale"].std()) == pytest.approx(0.02, rel=0.3)
    for normalization, std in (("batch", 0.02), ("spectral", None), ("none", (2 / 256) ** 0.5)):
        module = ConvDiscriminator(features=16, normalization=normalization)
        kernel = module.init(key, *arguments(module))["params"]["conv2"]["kernel"]
        if normalization == "spectral":  # stored as divided by the first estimate of its norm
            assert 1 <= np.linalg.norm(kernel.reshape(-1, 32), 2) < 2
        else:
            assert float(kernel.std()) == pytest.approx(std, rel=0.05)
    module = MLPGenerator(latent=100, features=50)
    params = module.init(key, *arguments(module))["params"]
    for layer, fan_in in (("dense1", 100), ("dense2", 50), ("dense3", 50)):
        for leaf in params[layer].values():
            assert 0.8 * fan_in**-0.5 < float(jnp.abs(leaf).max()) <= fan_in**-0.5


Z, X, LABELS = jnp.zeros((2, 64)), jnp.zeros((2, 28, 28, 1)), jnp.zeros(2, jnp.int32)


@pytest.mark.parametrize(
    ("module", "inputs", "message"),
    [
        (ConvGenerator(), (Z[:, :3],), r"ConvGenerator: z must have shape \(N, 64\), got \(2, 3\)"),
        (ConvGenerator(), (Z.astype(int),), "z must be real floating point, got int32"),
        (ConvGenerator(), (Z, LABELS), "labels were given, but classes is 0"),
        (ConvGenerator(classes=3), (Z,), "labels are missing"),
        (ConvGenerator(classes=3), (Z, LABELS[:1]), r"labels must be 2 integers, got .*\(1,\)"),
        (ConvGenerator(classes=3), (Z, LABELS + 0.5), "labels must be 2 integers, got float32"),
        (ConvGenerator(size=30), (Z,), "size must be a multiple of 4, got 30"),
        (ConvGenerator(features=0), (Z,), "ConvGenerator: features must be at least 1, got 0"),
        (ConvGenerator(latent=0), (Z[:, :0],), "latent must be at least 1, got 0"),
        (ConvGenerator(classes=-1), (Z,), "classes must be at least 0, got -1"),
        (ConvGenerator(upsampling="nearest"), (Z,), "upsampling must be one of .* got 'nearest'"),
        (ConvDiscriminator(), (X[:, :14],), r"x must have shape \(N, 28, 28, 1\), got \(2, 14"),
        (ConvDiscriminator(channels=3), (X,), r"x must have shape \(N, 28, 28, 3\)"),
        (ConvDiscriminator(), (X[0],), r"x must have shape \(N, 28, 28, 1\), got \(28, 28, 1\)"),
        (ConvDiscriminator(normalization="layer"), (X,), "normalization must be one of"),
        (ConvDiscriminator(conditioning="sum"), (X,), "conditioning must be one of"),
        (ConvDiscriminator(classes=3), (X,), "labels are missing"),
        (MLPDiscriminator(), (X, LABELS), "labels were given"),
        (MLPGenerator(channels=0), (Z,), "channels must be at least 1, got 0"),
        (DCGANGenerator(latent=64, size=48), (Z,), "size must be 28 or a power of two from 8"),
        (DCGANGenerator(latent=64, size=4), (Z,), "size must be 28 or a power of two from 8"),
        (DCGANDiscriminator(size=48), (X,), "size must be 28 or a power of two from 8, got 48"),
    ],
)
def test_rejects_at_trace_time(module, inputs, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(module.init, jax.random.key(0), *inputs)
