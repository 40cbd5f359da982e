"""ZSSR: a network trained on the very image that it enlarges."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from imaging_jax.losses import l1, mse
from imaging_jax.models.super_resolution import ZSSRNet, dihedral, inverse_dihedral
from imaging_jax.operators import affine_warp, resize
from train.systems.system import Origin, System

ITERATIONS = 3000
_CROP = 128
_RATE, _LAST_RATE, _FACTOR = 1e-3, 9e-6, 0.1
# The rate falls when the error hasn't, over so many iterations, looked at every so many.
_WINDOW, _LOOK_EVERY = 256, 60
_BACK_PROJECTIONS = 10

_ADAM = optax.scale_by_adam()
_TURNS = np.array([[[1, 0], [0, 1]], [[0, -1], [1, 0]], [[-1, 0], [0, -1]], [[0, 1], [-1, 0]]])
_DIHEDRALS = np.concatenate([_TURNS, _TURNS @ np.diag([1, -1])]).astype(np.float32)


def zero_shot(key: jax.Array, lr: jax.Array, scale: int, iterations: int) -> jax.Array:
    """Enlarges one image by what it tells of itself: pairs of a crop and the crop shrunk.

    The recipe of the released code with bicubic shrinking and no gradual enlargement: L1, Adam at
    1e-3, divided by 10 when the error on the whole image shrunk stalls, until it is below 9e-6;
    the median of eight turned and mirrored answers, back-projected.

    Args:
      key: of initial weights and crops.
      lr: (H, W, C) in [0, 1].
      scale: integer factor.
      iterations: at most so many.

    Returns:
      (H · scale, W · scale, C) in [0, 1].

    Raises:
      ValueError: an image smaller than the scale.

    Source: Shocher, Cohen, Irani, "'Zero-Shot' Super-Resolution using Deep Internal Learning",
    CVPR 2018, section 3; numbers from the released code.
    """
    if min(lr.shape[:2]) < scale:
        raise ValueError(f"lr: expected at least scale={scale} pixels a side, got {lr.shape}")
    network = ZSSRNet(channels=lr.shape[-1])
    params = _init(network, key)
    carry, rate, changed, errors = (params, _ADAM.init(params)), _RATE, 0, []
    for iteration in range(iterations):
        if iteration and iteration % _LOOK_EVERY == 0:
            errors.append((iteration, float(_reconstruction_error(network, scale, carry[0], lr))))
            if iteration - changed > _WINDOW and _stalls(errors[-(_WINDOW // _LOOK_EVERY + 1) :]):
                rate, changed = rate * _FACTOR, iteration
            if rate < _LAST_RATE:
                break
        carry = _step(network, scale, carry, lr, jax.random.fold_in(key, iteration), rate)
    return _answer(network, scale, carry[0], lr)


@partial(jax.jit, static_argnums=0)
def _init(network, key):
    return network.init(key, jnp.zeros((1, 8, 8, network.channels)))


def _stalls(errors: list[tuple[int, float]]) -> bool:
    """Whether a line fitted to (iteration, error) falls by less than its slope's uncertainty."""
    (slope, _), covariance = np.polyfit(*np.array(errors).T, 1, cov=True)
    return -1.5 * slope < np.sqrt(covariance[0, 0])


@partial(jax.jit, static_argnums=(0, 1), donate_argnums=2)
def _step(network, scale, carry, image, key, rate):
    params, state = carry
    father = random_father(key, image, scale)
    inputs = resize(resize(father, 1 / scale), scale)
    gradient = jax.grad(lambda p: l1(network.apply(p, inputs), father))(params)
    updates, state = _ADAM.update(gradient, state)
    return jax.tree.map(lambda p, u: p - rate * u, params, updates), state


def random_father(key: jax.Array, image: jax.Array, scale: int) -> jax.Array:
    """Draws a crop: 5 % as it is, 45 % turned or mirrored, 50 % under a random affine map.

    Args:
      key: of the draw.
      image: (H, W, C).
      scale: the crop's side is the largest multiple of it that fits and isn't above 128.

    Returns:
      (side, side, C).
    """
    side = min(_CROP, *image.shape[:2]) // scale * scale
    kind, which, place, free = jax.random.split(key, 4)
    turned = jnp.asarray(_DIHEDRALS)[jax.random.randint(which, (), 0, 8)]
    kind = jax.random.uniform(kind)
    matrix = jnp.where(kind < 0.5, turned, _random_affine(free))
    matrix = jnp.where(kind < 0.05, jnp.eye(2), matrix)
    top_left = jax.random.randint(place, (2,), 0, jnp.array(image.shape[:2]) - side + 1)
    centre = jnp.full(2, (side - 1) / 2)
    return affine_warp(image, matrix, top_left + centre - matrix @ centre, (side, side))


def _random_affine(key):
    """From pixels of the crop to pixels of the image, which appears shrunk, turned and sheared."""
    angle, size, anisotropy, shear = jax.random.split(key, 4)
    angle = jax.random.uniform(angle, maxval=2 * jnp.pi)
    size = jax.random.uniform(size, minval=0.5, maxval=1.0)
    other = jnp.maximum(size * (1 + 0.25 * jax.random.normal(anisotropy)), 0.25)
    shear = 0.1 * jax.random.normal(shear)
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    turn = jnp.array([[cosine, -sine], [sine, cosine]])
    return turn @ jnp.array([[1.0, shear], [0.0, 1.0]]) @ jnp.diag(1 / jnp.array([size, other]))


@partial(jax.jit, static_argnums=(0, 1))
def _reconstruction_error(network, scale, params, image):
    son = resize(image, 1 / scale)
    return mse(network.apply(params, resize(son, shape=image.shape[:2])), image)


def _answer(network, scale, params, lr):
    answers = [
        inverse_dihedral(
            _enlarged(network, scale, params, dihedral(lr, turns, mirror)), turns, mirror
        )
        for turns in range(4)
        for mirror in (False, True)
    ]
    return _back_projected(scale, jnp.median(jnp.stack(answers), axis=0), lr)


@partial(jax.jit, static_argnums=(0, 1))
def _enlarged(network, scale, params, lr):
    return _back_projected(scale, network.apply(params, resize(lr, scale)), lr)


@partial(jax.jit, static_argnums=0)
def _back_projected(scale, estimate, lr):
    def correct(_, y):
        return jnp.clip(y + resize(lr - resize(y, 1 / scale), scale), 0, 1)

    return jax.lax.fori_loop(0, _BACK_PROJECTIONS, correct, estimate)


def system(iterations: str) -> System:
    """A network trained on each image that it enlarges, for so many iterations.

    Raises:
      ValueError: no positive number of iterations; none is 3,000.
    """
    if iterations and not (iterations.isdigit() and int(iterations) >= 1):
        raise ValueError(f"zssr:{iterations}: wanted at least 1 iteration")
    count = int(iterations or ITERATIONS)

    def apply(inputs, scale):
        key = jax.random.key(0)
        images = [
            zero_shot(key, jnp.asarray(image, jnp.float32), scale, count)
            for image in inputs["image"]
        ]
        return {"image": jnp.stack(images)}

    return System(
        "zssr",
        f"{count}_iterations",
        apply,
        Origin("trained here", seed=0, training={"iterations": count}, paper="zssr"),
        options={"scale": ()},
    )
