import jax
import jax.numpy as jnp


def expected_calibration_error(
    probabilities: jax.Array, labels: jax.Array, bins: int = 15
) -> jax.Array:
    """How far a classifier's confidence is from how often it is right.

    Images are sorted into bins by the largest of their probabilities; the gaps between its mean
    and the share of right answers are averaged, weighted by the bins' sizes.

    Args:
      probabilities: ``(N, classes)``.
      labels: ``(N,)`` integers.
      bins: of equal width over (0, 1].

    Returns:
      A number in [0, 1].

    Raises:
      ValueError: where the shapes don't fit.

    Source: Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017,
    equation 3.
    """
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1]:
        raise ValueError(
            "expected_calibration_error: wanted probabilities (N, classes) and labels (N,), got "
            f"{probabilities.shape} and {labels.shape}"
        )
    confidence = probabilities.max(axis=-1)
    right = (probabilities.argmax(axis=-1) == labels).astype(probabilities.dtype)
    place = jnp.clip(jnp.ceil(confidence * bins).astype(jnp.int32) - 1, 0, bins - 1)
    gaps = jnp.zeros(bins, probabilities.dtype).at[place].add(right - confidence)
    return jnp.abs(gaps).sum() / len(labels)
