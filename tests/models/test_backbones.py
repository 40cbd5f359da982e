"""Convolutional backbones: the papers' counts, a second writing with loops, and training."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from imaging_jax.models.classification import CIFARResNet, DenseNet, ResNet, densenet
from imaging_jax.models.layers import RESNET_FAMILY
from tests.models import backbones_numpy as second
from tests.models.super_resolution_helpers import jit
from tests.models.variables_by_numpy import drawn_like

# Depths that aren't the papers', so that a network compiles in seconds.
BASIC, BOTTLENECK, DENSE = (1, 1, 1, 1), (1, 2, 1, 1), (2, 1, 1, 1)
SMALL = {
    "resnet": ResNet(10, features=4, classes=3, image_shape=(33, 40, 3)),
    "resnet_bottleneck": ResNet(17, features=4, classes=3, image_shape=(33, 40, 3)),
    "resnet_se": ResNet(10, "se", features=16, classes=3, image_shape=(20, 17, 1)),
    "cifar_resnet": CIFARResNet(8, features=4, classes=3, image_shape=(13, 10, 1)),
    "plain": CIFARResNet(8, residual=False, features=4, classes=3, image_shape=(13, 10, 1)),
    "densenet": DenseNet(15, classes=3, image_shape=(33, 40, 3)),
}


@pytest.fixture(autouse=True)
def small_depths(monkeypatch):
    monkeypatch.setitem(RESNET_FAMILY, 10, (BASIC, False))
    monkeypatch.setitem(RESNET_FAMILY, 17, (BOTTLENECK, True))
    monkeypatch.setitem(densenet._FAMILY, 15, (4, DENSE))


def shapes(module):
    images = jnp.zeros((1, *module.image_shape))
    return jax.eval_shape(module.init, jax.random.key(0), images)


def count(module):
    return sum(leaf.size for leaf in jax.tree.leaves(shapes(module)["params"]))


def drawn(module, batch=2):
    """Variables and images by numpy: kernels keep the size of what passes."""
    generator = np.random.default_rng(0)
    variables = drawn_like(shapes(module), generator)
    images = generator.random((batch, *module.image_shape))
    return variables, jnp.asarray(images, jnp.float32)


@pytest.mark.parametrize(
    ("module", "parameters"),
    [
        # Layer lists of the papers with 1,000 classes, running statistics not counted.
        (ResNet(18), 11_689_512),
        (ResNet(34), 21_797_672),
        (ResNet(50), 25_557_032),
        (ResNet(101), 44_549_160),
        (ResNet(152), 60_192_808),
        (ResNet(50, "se"), 28_088_024),
        (ResNet(50, "cbam"), 28_089_624),
        (ResNet(18, "cbam"), 11_779_392),
        (ResNet(50, "bam"), 25_915_099),
        (CIFARResNet(20), 269_722),
        (CIFARResNet(56), 853_018),
        (CIFARResNet(110), 1_727_962),
        (CIFARResNet(56, residual=False), 853_018),
        (DenseNet(121), 7_978_856),
        (DenseNet(169), 14_149_480),
        (DenseNet(201), 20_013_928),
        (DenseNet(161), 28_681_000),
    ],
    ids=lambda value: str(getattr(value, "depth", value)),
)
def test_has_the_papers_number_of_parameters(module, parameters):
    assert count(module) == parameters


def test_attention_of_pixels_is_in_the_middle_stages():
    # Wang et al., section 4.1: two in res3 and three in res4, behind every other block.
    names = shapes(ResNet(50, "non_local"))["params"]["backbone"]
    places = [(2, 2), (2, 4), (3, 2), (3, 4), (3, 6)]
    assert {name for name in names if "attention" in name} == {
        f"stage{stage}_attention{index}" for stage, index in places
    }
    # Of a block: three layers from C to C / 2, one back, and a norm.
    sizes = [3 * (c * c // 2 + c // 2) + (c // 2 * c + c) + 2 * c for c in (512, 1024)]
    assert count(ResNet(50, "non_local")) == 25_557_032 + 2 * sizes[0] + 3 * sizes[1]


@pytest.mark.parametrize("name", SMALL)
def test_is_that_of_the_second_writing(name):
    writings = {
        "resnet": lambda x, v: second.resnet(x, v, BASIC, False),
        "resnet_bottleneck": lambda x, v: second.resnet(x, v, BOTTLENECK, True),
        "resnet_se": lambda x, v: second.resnet(x, v, BASIC, False),
        "cifar_resnet": lambda x, v: second.cifar_resnet(x, v, 1, True),
        "plain": lambda x, v: second.cifar_resnet(x, v, 1, False),
        "densenet": lambda x, v: second.densenet(x, v, DENSE),
    }
    variables, images = drawn(SMALL[name])
    found = jit(SMALL[name].apply)(variables, images)
    assert (found.shape, found.dtype) == ((2, 3), np.float32)
    for one, image in zip(found, np.asarray(images, np.float64), strict=True):
        wanted = writings[name](image, variables)
        np.testing.assert_allclose(one, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize(
    ("module", "std"),
    [
        # He et al., ICCV 2015: sqrt(2 / fan), ResNet's by the fan-out, DenseNet's by the fan-in.
        (ResNet(10, features=48, image_shape=(8, 8, 3)), np.sqrt(2 / (49 * 48))),
        (CIFARResNet(8, features=96, image_shape=(8, 8, 3)), np.sqrt(2 / (9 * 96))),
        (DenseNet(15, image_shape=(32, 32, 3)), np.sqrt(2 / (49 * 3))),
    ],
    ids=["resnet", "cifar_resnet", "densenet"],
)
def test_convolutions_start_kaiming_normal(module, std):
    # Compiled, the stem's kernel alone is drawn.
    def stem(key):
        params = module.init(key, jnp.zeros((1, *module.image_shape)))["params"]
        return params.get("backbone", params)["stem"]["kernel"]

    kernel = jax.jit(stem)(jax.random.key(0))
    assert kernel.std() == pytest.approx(std, rel=0.06)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet_bottleneck", "cifar_resnet", "plain", "densenet"])
def test_a_few_steps_lower_the_loss_and_reach_every_leaf(name):
    module = SMALL[name]
    variables, images = drawn(module, batch=6)
    variables = dict(variables)
    params = variables.pop("params")
    labels = jnp.arange(6) % 3
    optimizer = optax.adam(3e-3)
    moments = optimizer.init(params)

    @jit
    def step(params, variables, moments):
        def loss(params):
            logits, updated = module.apply(
                {"params": params, **variables}, images, train=True, mutable=["batch_stats"]
            )
            value = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
            return value, updated

        (value, variables), grads = jax.value_and_grad(loss, has_aux=True)(params)
        updates, moments = optimizer.update(grads, moments)
        return optax.apply_updates(params, updates), variables, moments, value, grads

    first, losses = variables, []
    largest = jax.tree.map(lambda _: 0.0, params)
    for _ in range(8):
        params, variables, moments, value, grads = step(params, variables, moments)
        losses.append(float(value))
        if len(losses) <= 3:
            largest = jax.tree.map(lambda m, g: max(m, np.abs(g).max()), largest, grads)
    assert losses[-1] < 0.7 * losses[0]
    assert min(jax.tree.leaves(largest)) > 1e-7
    assert all(jax.tree.leaves(jax.tree.map(lambda a, b: bool(np.any(a != b)), first, variables)))


@pytest.mark.parametrize("attention", ["bam", "cbam", "channel", "non_local", "sagan"])
def test_every_attention_passes_images(attention):
    module = ResNet(17, attention, features=16, classes=3, image_shape=(20, 17, 1))
    found = jax.eval_shape(module.apply, shapes(module), jnp.zeros((2, 20, 17, 1)))
    assert (found.shape, found.dtype) == ((2, 3), jnp.float32)


def test_sizes_of_mnist():
    for module in (ResNet(18), CIFARResNet(20)):
        module = module.clone(image_shape=(28, 28, 1), classes=10)
        images = jnp.zeros((2, 28, 28, 1))
        assert jax.eval_shape(module.apply, shapes(module), images).shape == (2, 10)


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (ResNet(19), (224, 224, 3), r"ResNet: depth must be one of \(18, 34, .* got 19"),
        (ResNet(18, "eca"), (224, 224, 3), r"ResNet: attention must be one of \('', .* got 'eca'"),
        (ResNet(18), (224, 225, 3), r"ResNet: x must have shape \(N, 224, 224, 3\)"),
        (CIFARResNet(21), (32, 32, 3), r"CIFARResNet: depth must be 6n \+ 2, .* got 21"),
        (CIFARResNet(2), (32, 32, 3), r"CIFARResNet: depth must be 6n \+ 2, .* got 2"),
        (CIFARResNet(), (32, 32, 1), r"CIFARResNet: x must have shape \(N, 32, 32, 3\)"),
        (DenseNet(40), (224, 224, 3), r"DenseNet: depth must be one of \(121, .* got 40"),
        (DenseNet(), (224, 224, 1), r"DenseNet: x must have shape \(N, 224, 224, 3\)"),
        (DenseNet(image_shape=(28, 32, 3)), (28, 32, 3), "DenseNet: height must .* 29, got 28"),
    ],
    ids=repr,
)
def test_rejects_at_trace_time(module, shape, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(module.init, jax.random.key(0), jnp.zeros((1, *shape)))
