"""Style transfer by optimising the image itself."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import optax
from flax import struct

from imaging_jax._counts import check_counts
from imaging_jax._images import as_image
from imaging_jax.losses import (
    feature_reconstruction_loss,
    gram_matrix,
    squared_variation,
    style_reconstruction_loss,
)
from imaging_jax.solvers._problem import as_function, check_not_negative, check_positive

StyleOptimizer = Literal["adam", "lbfgs"]

# Steps of one compiled call, after which progress is told.
_STEPS_A_CALL = 10
# Half a level of 255.
_DARKEST = 1 / 510


class StyleObjective(struct.PyTreeNode):
    """What Gatys' method minimises: ``a content + b style + c variation``.

    Attributes:
      content: maps of the content image by name, see `feature_reconstruction_loss`.
      grams: Gram matrices of the style image by name, see `style_reconstruction_loss`.
      content_weight: a.
      style_weight: b.
      variation_weight: c, of `squared_variation`.
    """

    content: dict[str, jax.Array]
    grams: dict[str, jax.Array]
    content_weight: Any = 1.0
    style_weight: Any = 10.0
    variation_weight: Any = 10.0

    def terms(self, x: jax.Array, features: Callable) -> dict[str, jax.Array]:
        """The losses "content", "style" and "variation" of ``(H, W, C)``, without weights."""
        maps = features(x)
        return {
            "content": feature_reconstruction_loss(maps, self.content),
            "style": style_reconstruction_loss(maps, self.grams),
            "variation": squared_variation(x),
        }

    def __call__(self, x: jax.Array, features: Callable) -> jax.Array:
        """The weighted sum."""
        terms = self.terms(x, features)
        return (
            self.content_weight * terms["content"]
            + self.style_weight * terms["style"]
            + self.variation_weight * terms["variation"]
        )


class StyledImage(struct.PyTreeNode):
    """What `style_transfer` returns.

    Attributes:
      x: the image ``(H, W, C)`` in [0, 1].
      history: ``(steps,)``, the objective before each step.
      start: the terms of the objective at the start, see `StyleObjective.terms`.
      end: those of ``x``.
    """

    x: jax.Array
    history: jax.Array
    start: dict[str, jax.Array]
    end: dict[str, jax.Array]


def style_objective(
    content: jax.Array,
    style: jax.Array,
    features: Callable[[jax.Array], dict[str, jax.Array]],
    content_layers: Sequence[str],
    style_layers: Sequence[str],
    *,
    content_weight: float = 1.0,
    style_weight: float = 10.0,
    variation_weight: float = 10.0,
) -> StyleObjective:
    """Takes what is to be kept of two images.

    Args:
      content: ``(H, W, C)`` in [0, 1].
      style: ``(h, w, C)`` in [0, 1], of any size that the features take.
      features: maps an image to feature maps by name, see `imaging_jax.pretrained.load_features`.
      content_layers: names of maps whose values are those of the content.
      style_layers: names of maps whose Gram matrices are those of the style.
      content_weight: not negative, as the others; fitting maps of levels up to 255.
      style_weight: likewise.
      variation_weight: of differences in [0, 1].

    Raises:
      ValueError: images that aren't real, unknown maps, or a negative weight.
    """
    content, style = (
        _single(name, image) for name, image in (("content", content), ("style", style))
    )
    weights = {
        "content_weight": content_weight,
        "style_weight": style_weight,
        "variation_weight": variation_weight,
    }
    check_not_negative(**weights)
    features = as_function("features", features)
    known = jax.eval_shape(features, content)
    for name, layers in (("content_layers", content_layers), ("style_layers", style_layers)):
        if unknown := [layer for layer in layers if layer not in known]:
            raise ValueError(f"{name}: expected some of {', '.join(known)}, got {unknown}")
    kept, grams = _kept(features, content, style, tuple(content_layers), tuple(style_layers))
    return StyleObjective(kept, grams, **weights)


def style_transfer(
    objective: StyleObjective,
    features: Callable[[jax.Array], dict[str, jax.Array]],
    x0: jax.Array,
    *,
    optimizer: StyleOptimizer = "adam",
    learning_rate: float = 0.02,
    steps: int = 200,
    progress: Callable[[int, float], None] | None = None,
) -> StyledImage:
    """Minimises `style_objective` over the image.

    Started at the content image it is iterative stylisation with a warm start, which needs fewer
    steps than a start at noise and keeps more of the content.

    Args:
      objective: of `style_objective`.
      features: those that the objective was made with.
      x0: start ``(H, W, C)`` in [0, 1], of the content's size; the content itself, or noise.
      optimizer: "adam" takes steps of about ``learning_rate`` and then clips to [0, 1]; "lbfgs"
        takes each along a line search, of several evaluations, in angles whose cosines are the
        levels.
      learning_rate: of Adam, in units of the image.
      steps: positive.
      progress: called with the steps done and the objective before the last of them.

    Raises:
      ValueError: an argument out of its domain, or a start of another size than the content.

    Source: Gatys, Ecker, Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR
    2016, section 3, which takes L-BFGS.
    """
    x0 = _single("x0", x0)
    check_counts(steps=steps)
    check_positive(learning_rate=learning_rate)
    if optimizer not in get_args(StyleOptimizer):
        wanted = get_args(StyleOptimizer)
        raise ValueError(f"optimizer: expected one of {wanted}, got {optimizer!r}")
    features = as_function("features", features)
    found = jax.eval_shape(features, x0)
    for name, target in objective.content.items():
        if found[name].shape != target.shape:
            raise ValueError(
                f"x0: expected the content's size, but its {name} has shape {found[name].shape} "
                f"in place of {target.shape}"
            )
    if optimizer == "adam":
        state = x0, optax.adam(learning_rate).init(x0)
    else:
        angles = _angles(x0)
        state = angles, optax.lbfgs().init(angles)
    history, done = [], 0
    while done < steps:
        count = min(_STEPS_A_CALL, steps - done)
        state, values = _descend(objective, features, state, optimizer, learning_rate, count)
        history.append(values)
        done += count
        if progress:
            progress(done, float(values[-1]))
    x = state[0] if optimizer == "adam" else _levels(state[0])
    ends = (_terms(objective, features, image) for image in (x0, x))
    return StyledImage(x, jnp.concatenate(history), *ends)


@functools.partial(jax.jit, static_argnames=("content_layers", "style_layers"))
def _kept(features, content, style, content_layers, style_layers):
    of_content, of_style = features(content), features(style)
    grams = {name: gram_matrix(of_style[name]) for name in style_layers}
    return {name: of_content[name] for name in content_layers}, grams


@jax.jit
def _terms(objective, features, x):
    return objective.terms(x, features)


@functools.partial(jax.jit, static_argnames=("optimizer", "count"))
def _descend(objective, features, state, optimizer, learning_rate, count):
    """So many steps; the state after them, and the objective before each."""

    def loss(x):
        return objective(x, features)

    def of_angles(angles):
        return loss(_levels(angles))

    def adam_step(state, _):
        x, memory = state
        value, gradient = jax.value_and_grad(loss)(x)
        change, memory = optax.adam(learning_rate).update(gradient, memory)
        return (jnp.clip(x + change, 0, 1), memory), value

    def lbfgs_step(state, _):
        angles, memory = state
        value, gradient = optax.value_and_grad_from_state(of_angles)(angles, state=memory)
        change, memory = optax.lbfgs().update(
            gradient, memory, angles, value=value, grad=gradient, value_fn=of_angles
        )
        return (angles + change, memory), value

    step = adam_step if optimizer == "adam" else lbfgs_step
    return jax.lax.scan(step, state, length=count)


def _levels(angles):
    """Any number to [0, 1], smoothly, which a line search wants and clipping isn't."""
    return (1 - jnp.cos(angles)) / 2


def _angles(x):
    # At black and white themselves there would be no gradient.
    return jnp.arccos(1 - 2 * jnp.clip(x, _DARKEST, 1 - _DARKEST))


def _single(name, image):
    image = as_image(name, image, real=True)
    if image.ndim != 3:
        raise ValueError(f"{name}: expected one image (H, W, C), got shape {image.shape}")
    return image
