import jax
import jax.numpy as jnp
import optax
from flax import linen as nn

_STEPS, _RATE = 200, 0.02


def fit_few_shot(codes: jax.Array, labels: jax.Array, classes: int) -> dict[str, jax.Array]:
    """Fits a linear layer that tells classes by codes, of a few labelled ones.

    Two classes share one score. 129 parameters for two classes and codes of 128 numbers, 516 for
    four. Adam with a rate of 0.02, 200 steps of all codes.

    Args:
        codes: ``(N, D)``.
        labels: ``(N,)`` integers.
        classes: at least 2.

    Returns:
        {"kernel": ``(D, 1 or classes)``, "bias"}, for `few_shot_scores`.

    Raises:
        ValueError: fewer than two classes, a label of none of them, or a class without a code.

    Source: Růžička et al., "Fast model inference and training on-board of satellites", IGARSS 2023.
    """
    missing = sorted(set(range(classes)) - {int(label) for label in labels})
    if classes < 2 or missing:
        raise ValueError(f"labels: wanted codes of each of 2 classes at least, lacks {missing}")
    if outside := {int(label) for label in labels} - set(range(classes)):
        raise ValueError(f"labels: wanted 0 to {classes - 1}, got {sorted(outside)}")
    layer = nn.Dense(1 if classes == 2 else classes)
    params = layer.init(jax.random.key(0), codes)["params"]
    optimizer = optax.adam(_RATE)

    def loss(params):
        scores = few_shot_scores(params, codes)
        return optax.softmax_cross_entropy_with_integer_labels(scores, labels).mean()

    def step(carry, _):
        params, state = carry
        updates, state = optimizer.update(jax.grad(loss)(params), state)
        return (optax.apply_updates(params, updates), state), None

    carry = (params, optimizer.init(params))
    (params, _), _ = jax.jit(lambda carry: jax.lax.scan(step, carry, length=_STEPS))(carry)
    return params


def few_shot_scores(params: dict[str, jax.Array], codes: jax.Array) -> jax.Array:
    """Logits ``(N, classes)`` of codes ``(N, D)``."""
    scores = codes @ params["kernel"] + params["bias"]
    return jnp.concatenate([-scores / 2, scores / 2], axis=-1) if scores.shape[-1] == 1 else scores
