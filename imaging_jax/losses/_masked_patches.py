import jax
import jax.numpy as jnp

_EPSILON = 1e-6


def masked_patch_error(
    prediction: jax.Array, patches: jax.Array, mask: jax.Array, normalized: bool = True
) -> jax.Array:
    """The mean squared error of the patches that a masked autoencoder wasn't shown.

    With normalised targets, the patch's own mean predicted everywhere has an error of 1.

    Args:
      prediction: ``(N, L, D)``.
      patches: the same shape, the pixels of each patch.
      mask: ``(N, L)``, 1 or True where a patch was hidden; at least one.
      normalized: compare with pixels less their patch's mean, divided by its deviation.

    Returns:
      The mean over the pixels of all hidden patches; the others aren't looked at.

    Raises:
      ValueError: shapes that don't belong together.

    He, Chen, Xie, Li, Dollár, Girshick, "Masked autoencoders are scalable vision learners", CVPR
    2022, section 3.
    """
    if patches.ndim != 3 or prediction.shape != patches.shape or mask.shape != patches.shape[:2]:
        raise ValueError(
            "prediction, patches, mask: expected (N, L, D) twice and (N, L), got "
            f"{prediction.shape}, {patches.shape} and {mask.shape}"
        )
    prediction, target = (x.astype(jnp.float32) for x in (prediction, patches))
    if normalized:
        mean = jnp.mean(target, axis=-1, keepdims=True)
        variance = jnp.var(target, axis=-1, keepdims=True)
        target = (target - mean) * jax.lax.rsqrt(variance + _EPSILON)
    hidden = mask.astype(bool)
    errors = jnp.where(hidden[..., None], (prediction - target) ** 2, 0)
    return jnp.sum(errors) / (jnp.sum(hidden) * patches.shape[-1])
