import re

import jax
import jax.numpy as jnp
import numpy as np

from tests.models.super_resolution_helpers import jit


def shapes(module, *given):
    """The module's variables, as shapes."""
    return jax.eval_shape(module.init, jax.random.key(0), *given)


def count(module, shape):
    found = shapes(module, jax.ShapeDtypeStruct(shape, jnp.float32))
    assert set(found) == {"params"}
    return sum(leaf.size for leaf in jax.tree.leaves(found))


def drawn(module, *given, seed=2):
    """Parameters drawn by numpy, none of which is at a value that hides a mistake, such as 0."""
    generator = np.random.default_rng(seed)

    def draw(path, leaf):
        values = generator.standard_normal(leaf.shape)
        if path[-1].key == "kernel":
            values = values / np.prod(leaf.shape[:-1]) ** 0.5
        elif path[-1].key in ("scale", "temperature"):
            values = 1 + 0.2 * values
        else:
            values = 0.3 * values
        return jnp.asarray(values, jnp.float32)

    return jax.tree_util.tree_map_with_path(draw, shapes(module, *given)["params"])


def applied(module, params, *given, **settings):
    return jit(lambda params, *given: module.apply({"params": params}, *given, **settings))(
        params, *given
    )


def descend(loss, params, rate, steps):
    """Follows the gradient's signs; the losses, and of each leaf the largest gradient of three."""
    gradient = jit(jax.value_and_grad(loss))
    losses, largest = [], jax.tree.map(lambda _: 0.0, params)
    for step in range(steps):
        value, grads = gradient(params)
        losses.append(float(value))
        grads = jax.tree.map(np.asarray, grads)
        if step < 3:
            largest = jax.tree.map(lambda m, g: max(m, np.abs(g).max()), largest, grads)
        params = jax.tree.map(lambda p, g: np.asarray(p) - rate * np.sign(g), params, grads)
    return losses, largest


def types_of(primitive, function, *given):
    """The types in which a function computes a primitive, those inside of others too."""
    text = str(jax.make_jaxpr(function)(*given))
    return set(re.findall(rf":(\w+)\[[^\]]*\] = {primitive}\b", text))
