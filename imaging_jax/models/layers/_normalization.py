import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers._initializers import normal_around_one


def batch_norm(
    x: jax.Array,
    train: bool,
    name: str,
    *,
    momentum: float = 0.9,
    epsilon: float = 1e-5,
    scale_std: float = 0.0,
    zero_init: bool = False,
    affine: bool = True,
    dtype: jnp.dtype = jnp.float32,
) -> jax.Array:
    """Adds a batch norm to the calling module, by default with Torch's momentum and epsilon.

    Args:
        x: ``(..., C)``.
        train: take the batch's statistics and update the running ones.
        name: of the layer.
        momentum: share of the running statistics that an update keeps.
        epsilon: added to the variance.
        scale_std: the scales start as N(1, scale_std²).
        zero_init: the scales start as 0 instead: what is added to a shortcut starts as nothing.
        affine: give every channel a learnt scale and offset.
        dtype: type of computation.
    """
    return nn.BatchNorm(
        use_running_average=not train,
        momentum=momentum,
        epsilon=epsilon,
        use_scale=affine,
        use_bias=affine,
        scale_init=nn.initializers.zeros if zero_init else normal_around_one(scale_std),
        dtype=dtype,
        name=name,
    )(x)


def instance_norm(
    x: jax.Array,
    name: str,
    *,
    epsilon: float = 1e-5,
    scaled: bool = True,
    scale_std: float = 0.0,
    dtype: jnp.dtype = jnp.float32,
) -> jax.Array:
    """Adds a norm of each image and channel to the calling module, by default with Torch's epsilon.

    Args:
        x: ``(N, …, C)``.
        name: of the layer.
        epsilon: added to the variance.
        scaled: give every channel a learnt scale and offset.
        scale_std: the scales start as N(1, scale_std²).
        dtype: type of computation.
    """
    return nn.InstanceNorm(
        epsilon=epsilon,
        use_scale=scaled,
        use_bias=scaled,
        scale_init=normal_around_one(scale_std),
        dtype=dtype,
        name=name,
    )(x)


def spectral_norm(layer: nn.Module, x: jax.Array, train: bool) -> jax.Array:
    """Applies ``layer`` to ``x``, its kernel, as a matrix, divided by its largest singular value.

    The value comes from one step of power iteration a call; its vector lies in "batch_stats" and
    moves where ``train``. The kernel is stored as it was divided once at its start.

    Args:
        layer: made in the calling module.
        x: what the layer takes.
        train: keep the iteration's new vector.

    Source: Miyato, Kataoka, Koyama, Yoshida, "Spectral Normalization for Generative Adversarial
    Networks", ICLR 2018, algorithm 1.
    """
    return nn.SpectralNorm(layer, name=f"{layer.name}_spectral")(x, update_stats=train)
