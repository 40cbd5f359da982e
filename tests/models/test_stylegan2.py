from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.signal import convolve2d

from imaging_jax.models.generative import StyleGAN2Discriminator, StyleGAN2Generator
from imaging_jax.models.layers import (
    EqualizedConv,
    EqualizedDense,
    ModulatedConv,
    fir_blur,
    fir_downsample,
    fir_upsample,
)
from tests.metrics.helpers import jit

FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64
SMALL = {"latent": 6, "resolution": 16, "channels": 2, "channel_base": 128, "channel_max": 8}
SMALL_DISCRIMINATOR = {name: SMALL[name] for name in SMALL if name != "latent"}


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def count(network, *arguments):
    variables = jax.eval_shape(network.init, jax.random.key(0), *arguments)
    return sum(leaf.size for leaf in jax.tree.leaves(variables))


# resolution, base, most channels, latent, mapping layers: parameters of the authors' networks.
COUNTS = [
    ((1024, 32768, 512, 512, 8), 30_370_060, 2_101_248, 29_012_513),
    ((256, 16384, 512, 512, 8), 24_767_458, 2_101_248, 24_001_089),
    ((32, 1024, 128, 128, 2), 749_427, 33_024, 871_585),
    ((32, 1024, 64, 64, 2), 263_987, 8_320, 288_993),
    ((64, 2048, 128, 128, 2), 1_094_520, 33_024, 1_183_137),
    ((64, 1024, 64, 64, 4), 283_464, 16_640, 296_401),
    ((64, 4096, 256, 256, 4), 4_497_624, 263_168, 4_727_617),
]


@pytest.mark.parametrize(("sizes", "generator", "mapping", "discriminator"), COUNTS)
def test_parameter_counts(sizes, generator, mapping, discriminator):
    resolution, base, most, latent, layers = sizes
    widths = {"resolution": resolution, "channel_base": base, "channel_max": most}
    network = StyleGAN2Generator(latent=latent, mapping_layers=layers, **widths)
    z = jnp.zeros((1, latent))
    assert count(network, z) == generator
    params = jax.eval_shape(network.init, jax.random.key(0), z)["params"]
    assert sum(leaf.size for leaf in jax.tree.leaves(params["mapping_network"])) == mapping
    opponent = StyleGAN2Discriminator(**widths)
    assert count(opponent, jnp.zeros((1, resolution, resolution, 3))) == discriminator


def test_parameter_counts_of_one_channel():
    z = jnp.zeros((1, 128))
    assert count(StyleGAN2Generator(channels=1), z) == 748_715
    wide = StyleGAN2Generator(resolution=64, channel_base=2048, channels=1)
    assert count(wide, z) == 1_093_550
    assert count(StyleGAN2Discriminator(channels=1), jnp.zeros((1, 32, 32, 1))) == 871_521


def test_parameter_counts_of_cifar():
    sizes = {"channel_base": 32768, "channel_max": 512}
    z, x, label = jnp.zeros((1, 512)), jnp.zeros((1, 32, 32, 3)), jnp.zeros(1, int)
    assert count(StyleGAN2Generator(latent=512, **sizes), z) == 19_947_539
    assert count(StyleGAN2Generator(latent=512, classes=10, **sizes), z, label) == 20_215_315
    plain = partial(StyleGAN2Discriminator, architecture="plain", **sizes)
    assert count(plain(), x) == 20_720_641
    assert count(plain(classes=10), x, label) == 23_089_664


def test_parameter_count_of_the_first_stylegan():
    # The paper says 26.2 million, with the colours of all stages; here those of the last.
    sizes = {"resolution": 1024, "channel_base": 16384, "channel_max": 512}
    network = StyleGAN2Generator(latent=512, mapping_layers=8, block="adain", **sizes)
    found = count(network, jnp.zeros((1, 512)))
    assert found == pytest.approx(26.2e6, rel=2e-3)


def test_num_ws():
    for resolution, wanted in ((1024, 18), (256, 14), (64, 10), (32, 8)):
        assert StyleGAN2Generator(resolution=resolution, channel_base=4096).num_ws == wanted


def zeros_between(x):
    out = np.zeros((2 * x.shape[0], 2 * x.shape[1]))
    out[::2, ::2] = x
    return out


def test_fir_filters(x64):
    x = normal(0, 6, 8)
    up = convolve2d(np.pad(zeros_between(x), ((2, 1), (2, 1))), 4 * FILTER, "valid")
    np.testing.assert_allclose(fir_upsample(x[..., None])[..., 0], up, atol=1e-14)
    down = convolve2d(np.pad(x, 1), FILTER, "valid")[::2, ::2]
    np.testing.assert_allclose(fir_downsample(x[..., None])[..., 0], down, atol=1e-14)
    blurred = convolve2d(np.pad(x, 2), FILTER, "valid")
    np.testing.assert_allclose(fir_blur(x[..., None], 2)[..., 0], blurred, atol=1e-14)
    flat = fir_upsample(np.ones((6, 8, 1)))
    np.testing.assert_allclose(flat[1:-1, 1:-1], 1)


def correlate(image, kernel):
    """One image (H, W, in) and its kernel (k, k, in, out), by scipy, without padding."""
    return np.stack(
        [
            sum(
                convolve2d(image[..., i], kernel[::-1, ::-1, i, o], "valid")
                for i in range(kernel.shape[2])
            )
            for o in range(kernel.shape[3])
        ],
        axis=-1,
    )


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize("up", [False, True])
def test_modulated_convolution_is_that_of_modulated_kernels(x64, up, demodulate):
    x, style, kernel = normal(0, 2, 5, 4, 3), normal(1, 2, 3), normal(2, 3, 3, 3, 6)
    module = ModulatedConv(6, up=up, demodulate=demodulate, dtype=jnp.float64)
    found = module.apply({"params": {"kernel": kernel}}, x, style)
    for image, scale, result in zip(x, style, found, strict=True):
        own = kernel * scale[:, None]
        if demodulate:
            own = own / np.sqrt(np.sum(own**2, axis=(0, 1, 2)) + 1e-8)
        else:
            own = own / np.sqrt(27)
        if up:
            spread = np.stack([zeros_between(channel) for channel in np.moveaxis(image, -1, 0)])
            spread = np.pad(spread, ((0, 0), (3, 2), (3, 2)))
            smooth = [convolve2d(channel, 4 * FILTER, "valid") for channel in spread]
            expected = correlate(np.stack(smooth, axis=-1), own)
        else:
            expected = correlate(np.pad(image, ((1, 1), (1, 1), (0, 0))), own)
        np.testing.assert_allclose(result, expected, atol=1e-12)


def test_equalised_layers_keep_the_variance():
    x = normal(0, 400, 300).astype(np.float32)
    for rate in (1.0, 0.01):
        found, variables = EqualizedDense(500, rate=rate).init_with_output(jax.random.key(0), x)
        assert np.std(found) == pytest.approx(1, abs=0.02)
        assert np.std(variables["params"]["kernel"]) == pytest.approx(1 / rate, rel=0.02)
    image = normal(1, 4, 12, 12, 40).astype(np.float32)
    found = EqualizedConv(50, padding="VALID").init_with_output(jax.random.key(0), image)[0]
    assert np.std(found) == pytest.approx(1, abs=0.05)
    shifted = EqualizedDense(5, bias_init=1.0, rate=0.01).init_with_output(jax.random.key(0), 0 * x)
    np.testing.assert_allclose(shifted[0], 1, rtol=1e-6)


@pytest.fixture(scope="module", params=["modulated", "adain"])
def generator(request):
    network = StyleGAN2Generator(**SMALL, block=request.param)
    variables = jit(network.init)(jax.random.key(0), jnp.zeros((1, 6)))
    return network, jax.tree_util.tree_map_with_path(as_if_trained, variables)


def as_if_trained(path, leaf):
    """Noise is added, and the constant has a layout."""
    if path[-1].key == "noise_strength":
        return leaf + 0.1
    if path[-1].key == "constant":
        return jnp.asarray(normal(0, *leaf.shape), leaf.dtype)
    return leaf


def test_noise_changes_detail(generator):
    network, variables = generator
    draw = jit(lambda z, key: network.apply(variables, z, rngs={"noise": key}))
    still = jit(lambda z: network.apply(variables, z))
    z = normal(0, 4, 6).astype(np.float32)
    first, second = (np.asarray(draw(z, jax.random.key(k))) for k in (0, 1))
    other = np.asarray(draw(z[::-1], jax.random.key(0)))
    assert first.shape == (4, 16, 16, 2)
    assert 0 < np.abs(first - second).mean() < 0.5 * np.abs(first - other).mean()
    np.testing.assert_array_equal(draw(z, jax.random.key(0)), first)
    np.testing.assert_array_equal(still(z), still(z))
    np.testing.assert_allclose(still(z[[0, 0]])[0], still(z[[0, 0]])[1], rtol=1e-6, atol=1e-6)


def test_psi_zero_draws_one_image(generator):
    network, variables = generator
    z, mean = normal(0, 3, 6).astype(np.float32), jnp.ones(6)
    draw = jit(lambda z, psi: network.apply(variables, z, psi=psi, w_average=mean))
    one = np.asarray(draw(z, 0.0))
    np.testing.assert_allclose(one, one[[1, 2, 0]], atol=1e-6)
    ws = jnp.broadcast_to(mean, (3, network.num_ws, 6))
    synthesis = jit(lambda ws: network.apply(variables, ws, method="synthesis"))
    np.testing.assert_allclose(one, synthesis(ws), atol=1e-6)
    full = jit(lambda z: network.apply(variables, z))(z)
    np.testing.assert_allclose(draw(z, 1.0), full, atol=1e-5)
    w = jit(lambda z: network.apply(variables, z, method="mapping"))(z)
    expected = synthesis(0.5 * ws + 0.5 * w[:, None])
    np.testing.assert_allclose(draw(z, 0.5), expected, rtol=1e-4, atol=1e-4)


def test_mixed_styles_change_coarse_or_fine(generator):
    network, variables = generator
    styles = normal(0, 4, network.num_ws, 6).astype(np.float32)

    @jit
    def layers(ws):
        """The outputs of the synthesis' layers."""
        _, state = network.apply(
            variables, ws, method="synthesis", capture_intermediates=True, mutable="intermediates"
        )
        layers = state["intermediates"]["synthesis_network"]
        return {name: layer["__call__"][0] for name, layer in layers.items() if name != "__call__"}

    def unchanged(changed):
        other = styles.copy()
        other[:, changed] += 1
        before, after = layers(styles), layers(other)
        return {name for name in before if np.array_equal(before[name], after[name])}

    fine, coarse = unchanged(slice(-2, None)), unchanged(slice(0, 2))
    if network.block == "modulated":
        assert fine == {"conv4", "to_rgb4", "conv8_up", "conv8", "to_rgb8", "conv16_up"}
        assert coarse == set()
    else:
        first = {"style4_constant", "conv4", "style4", "conv8_up", "style8_up", "conv8", "style8"}
        assert fine == first | {"conv16_up"}
        assert coarse == set()


def test_mapping_normalises_and_follows_labels():
    network = StyleGAN2Generator(**SMALL, classes=3)
    z, labels = normal(0, 3, 6).astype(np.float32), np.arange(3)
    variables = jit(network.init)(jax.random.key(0), z, labels)
    mapping = jit(lambda z, labels: network.apply(variables, z, labels, method="mapping"))
    np.testing.assert_allclose(mapping(7 * z, labels), mapping(z, labels), rtol=1e-4, atol=1e-5)
    assert np.abs(mapping(z, labels) - mapping(z, labels[::-1]))[0].max() > 1e-2


def test_discriminator_sees_the_deviation_within_groups():
    network = StyleGAN2Discriminator(**SMALL_DISCRIMINATOR)
    x = normal(0, 8, 16, 16, 2).astype(np.float32)
    variables = jit(network.init)(jax.random.key(0), x)
    judge = jit(network.apply)
    logits = np.asarray(judge(variables, x))
    assert logits.shape == (8,)
    # Images 0, 2, 4 and 6 are a group: another image 6 changes what is said of 0, not of 1.
    changed = x.copy()
    changed[6] = 3 * x[6]
    found = np.asarray(judge(variables, changed))
    np.testing.assert_allclose(found[1::2], logits[1::2], rtol=1e-4)
    assert np.abs(found[[0, 2, 4]] - logits[[0, 2, 4]]).min() > 1e-5
    assert jax.eval_shape(network.apply, variables, x[:3]).shape == (3,)
    with pytest.raises(ValueError, match="x must have a multiple of 4 images, got 6"):
        jax.eval_shape(network.apply, variables, x[:6])


@pytest.mark.parametrize("block", ["modulated", pytest.param("adain", marks=pytest.mark.slow)])
def test_three_steps_move_every_leaf(block):
    smaller = {**SMALL_DISCRIMINATOR, "resolution": 8, "classes": 3}
    generator = StyleGAN2Generator(latent=6, **smaller, block=block)
    discriminator = StyleGAN2Discriminator(**smaller, mapping_layers=2)
    z, labels, x = normal(0, 8, 6).astype(np.float32), np.arange(8) % 3, jnp.zeros((8, 8, 8, 2))
    params = {
        "generator": jit(generator.init)(jax.random.key(0), z, labels),
        "discriminator": jit(discriminator.init)(jax.random.key(1), x, labels),
    }
    optimizer = optax.adam(2e-3, b1=0, b2=0.99)

    def game(params, key):
        fake = generator.apply(params["generator"], z, labels, rngs={"noise": key})
        logits = discriminator.apply(params["discriminator"], fake, labels)
        return jnp.mean(jax.nn.softplus(-logits))

    @jit
    def step(params, state, key):
        gradient = jax.grad(game)(params, key)
        updates, state = optimizer.update(gradient, state)
        return optax.apply_updates(params, updates), state

    state, start = optimizer.init(params), params
    for index in range(3):
        params, state = step(params, state, jax.random.key(index))
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        before = start
        for key in path:
            before = before[key.key]
        assert np.isfinite(leaf).all(), jax.tree_util.keystr(path)
        assert (np.asarray(leaf) != np.asarray(before)).any(), jax.tree_util.keystr(path)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (StyleGAN2Generator(resolution=24), "resolution must be a power of 2 from 8, got 24"),
        (StyleGAN2Generator(resolution=4), "resolution must be a power of 2 from 8, got 4"),
        (StyleGAN2Generator(channel_base=16), "channel_base / resolution must be at least 1"),
        (StyleGAN2Generator(block="spade"), "block must be one of .* got 'spade'"),
        (StyleGAN2Generator(latent=64), r"z must have shape \(N, 64\), got \(1, 128\)"),
        (StyleGAN2Generator(classes=2), "labels are missing"),
    ],
)
def test_generator_errors(network, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(network.init, jax.random.key(0), jnp.zeros((1, 128)))


def test_more_errors():
    generator, key = StyleGAN2Generator(), jax.random.key(0)
    styles, images = jnp.zeros((1, 7, 128)), jnp.zeros((1, 32, 32, 3))
    with pytest.raises(ValueError, match=r"psi 0\.5 needs w_average"):
        jax.eval_shape(partial(generator.init, psi=0.5), key, jnp.zeros((1, 128)))
    with pytest.raises(ValueError, match=r"ws must have shape \(N, 8, 128\), got \(1, 7, 128\)"):
        jax.eval_shape(partial(generator.init, method="synthesis"), key, styles)
    plain = StyleGAN2Discriminator(architecture="skip")
    with pytest.raises(ValueError, match=r"architecture must be one of .* got 'skip'"):
        jax.eval_shape(plain.init, key, images)
