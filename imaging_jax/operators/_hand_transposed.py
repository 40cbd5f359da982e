from collections.abc import Callable
from functools import lru_cache

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

# ``jax.custom_vjp`` forbids forward mode and ``jax.linear_transpose``, and
# ``jax.custom_derivatives.linear_call`` forbids ``vmap`` and derivatives in the parameters: only a
# primitive has all four.
_primitive = Primitive("hand_transposed")


def hand_transposed(forward: Callable, transpose: Callable) -> Callable:
    """Makes a function linear in its second argument use a hand-written transpose.

    Derivatives, ``jax.linear_transpose`` and ``vmap`` of the result go through ``transpose``, and
    through ``forward`` when they transpose again. Derivatives with respect to the parameters are
    those of ``forward`` itself.

    Args:
      forward: ``(parameters, x) -> y`` of three arrays, linear in ``x``; a module's function, not a
        closure, so that what is compiled for it is found again.
      transpose: ``(parameters, y) -> x``, its transpose.

    Returns:
      A function ``(parameters, x) -> y``.
    """

    def apply(parameters, x):
        return _primitive.bind(parameters, x, forward=forward, transpose=transpose)

    return apply


@_primitive.def_impl
def _evaluate(parameters, x, *, forward, transpose):
    del transpose
    return _compiled(forward)(parameters, x)


@_primitive.def_abstract_eval
def _abstract(parameters, x, *, forward, transpose):
    del transpose
    result = jax.eval_shape(forward, parameters, x)
    return jax.core.ShapedArray(result.shape, result.dtype)


def _lower(parameters, x, *, forward, transpose):
    del transpose
    return forward(parameters, x)


def _differentiate(primals, tangents, *, forward, transpose):
    parameters, x = primals
    parameters_tangent, x_tangent = tangents
    apply = hand_transposed(forward, transpose)
    changes = []
    if not isinstance(x_tangent, ad.Zero):
        changes.append(apply(parameters, x_tangent))
    if not isinstance(parameters_tangent, ad.Zero):
        change = jax.jvp(lambda p: forward(p, x), (parameters,), (parameters_tangent,))[1]
        changes.append(change)
    return apply(parameters, x), sum(changes)


def _transpose(cotangent, parameters, x, *, forward, transpose):
    if isinstance(cotangent, ad.Zero):
        return [None, ad.Zero(x.aval)]
    return [None, hand_transposed(transpose, forward)(parameters, cotangent)]


def _batch(arguments, axes, *, forward, transpose):
    (parameters, x), (parameters_axis, x_axis) = arguments, axes
    if parameters_axis is not None:
        parameters = jnp.moveaxis(parameters, parameters_axis, 0)
    if x_axis is not None:
        x = jnp.moveaxis(x, x_axis, 0)
    else:
        x = jnp.broadcast_to(x, (len(parameters), *x.shape))
    in_axes = (None if parameters_axis is None else 0, 0)
    batched = hand_transposed(_mapped(forward, in_axes), _mapped(transpose, in_axes))
    return batched(parameters, x), 0


@lru_cache(maxsize=64)
def _mapped(function, in_axes):
    return jax.vmap(function, in_axes)


@lru_cache(maxsize=64)
def _compiled(function):
    return jax.jit(function)


mlir.register_lowering(_primitive, mlir.lower_fun(_lower, multiple_results=False))
ad.primitive_jvps[_primitive] = _differentiate
ad.primitive_transposes[_primitive] = _transpose
batching.primitive_batchers[_primitive] = _batch
