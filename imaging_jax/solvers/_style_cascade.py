"""Style transfer by the statistics of features, without optimisation."""

import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp

from imaging_jax._counts import check_counts
from imaging_jax._images import as_image
from imaging_jax.solvers._problem import as_function


def style_cascade(
    content: jax.Array,
    style: jax.Array,
    stages: Sequence[tuple[Callable, Callable]],
    transform: Callable[[jax.Array, jax.Array], jax.Array],
    *,
    alpha: float | jax.Array = 1.0,
    multiple: int = 8,
) -> jax.Array:
    """Encodes the image, gives its features the style's statistics and decodes it, stage by stage.

    With `imaging_jax.transforms.whitening_coloring` and the levels of a network from the deepest to
    the first it is WCT, with `imaging_jax.transforms.adaptive_instance_normalization` and one stage
    AdaIN.

    Args:
      content: ``(..., H, W, C)`` in [0, 1].
      style: ``(..., h, w, C)`` in [0, 1], of any size that the encoders take.
      stages: encoder and decoder of each level, the first to be applied first.
      transform: features of the image and of the style to features.
      alpha: share of the transformed features, from 0, nothing of the style, to 1.
      multiple: the content is continued at its lower and right edge to sides that it divides, and
        cut again, so that the sizes of encoders and decoders fit.

    Returns:
      ``(..., H, W, C)``, nominally in [0, 1].

    Raises:
      ValueError: images that aren't real, no stage, ``alpha`` out of [0, 1], or a decoder that
        gives another size than its encoder took.

    Source: Li, Fang, Yang, Wang, Lu, Yang, "Universal Style Transfer via Feature Transforms", NIPS
    2017, section 3.3; Huang, Belongie, ICCV 2017, equation 14.
    """
    content, style = (
        as_image(name, x, real=True) for name, x in (("content", content), ("style", style))
    )
    check_counts(multiple=multiple)
    if not stages:
        raise ValueError("stages: expected pairs of encoder and decoder, got none")
    if not isinstance(alpha, jax.core.Tracer) and not 0 <= alpha <= 1:
        raise ValueError(f"alpha: expected a share in [0, 1], got {alpha}")
    stages = [tuple(as_function("stages", part) for part in stage) for stage in stages]
    transform = as_function("transform", transform)
    return _style_cascade(content, style, stages, transform, alpha, multiple)


@functools.partial(jax.jit, static_argnames="multiple")
def _style_cascade(content, style, stages, transform, alpha, multiple):
    height, width = content.shape[-3:-1]
    margins = [(0, -height % multiple), (0, -width % multiple), (0, 0)]
    x = jnp.pad(content, [(0, 0)] * (content.ndim - 3) + margins, mode="symmetric")
    for encode, decode in stages:
        features = encode(x)
        transformed = transform(features, encode(style))
        decoded = decode(alpha * transformed + (1 - alpha) * features)
        if decoded.shape != x.shape:
            raise ValueError(
                f"stages: expected decoders to give {x.shape} again, got {decoded.shape}"
            )
        x = decoded
    return x[..., :height, :width, :]
