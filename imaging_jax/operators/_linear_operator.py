from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct


class LinearOperator(struct.PyTreeNode, kw_only=True, eq=False):
    """A linear map ``y = A x`` that knows its transpose, adjoint and norm.

    A subclass is a frozen dataclass and a pytree: arrays (a kernel, a mask) are its fields, options
    are fields with ``pytree_node=False``. It defines one method, ``forward``, for a single input::

        class Mask(LinearOperator):
            mask: jax.Array

            def forward(self, x):
                return self.mask * x

        A = Mask(mask, in_shape=(64, 64, 1))

    Everything else follows: ``A(x)``, ``A.T`` (transpose, without conjugation), ``A.H`` (adjoint),
    ``A @ B``, ``A + B``, ``2 * A``, ``vstack([A, B])``, ``A.normal``, ``A.norm(key)``. Axes of the
    input before ``in_shape`` are mapped over, in ``A``, ``A.T`` and ``A.H`` alike.

    A subclass that is diagonal in a known basis also defines ``proximal(y, z, rho)``, the exact
    ``argmin_x |A x - y|² + rho |x - z|²``; it is None elsewhere, and solvers then iterate.

    Attributes:
      in_shape: shape of one input, for images ``(H, W, C)``; a tuple of shapes where the input is a
        tuple of arrays, as of the adjoint of a stack.
      in_dtype: dtype of the input, or a tuple of dtypes likewise.
    """

    in_shape: Any = struct.field(pytree_node=False)
    in_dtype: Any = struct.field(pytree_node=False, default=jnp.float32)

    # Leaves ``numpy_scalar * A`` to __rmul__.
    __array_ufunc__ = None

    proximal = None

    def __init_subclass__(cls, **kwargs):
        # Equal by identity: arrays have no hash, and `jax.jit(A)` needs one.
        super().__init_subclass__(**{"eq": False, **kwargs})
        if "forward" in cls.__dict__ and "proximal" not in cls.__dict__:
            # The closed form of the class above is that of its own `forward`.
            cls.proximal = None

    def forward(self, x: jax.Array) -> Any:
        """Applies the operator to one input of shape ``in_shape``; linear in ``x``."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(x)")

    def __call__(self, x: Any) -> Any:
        """Applies the operator.

        Args:
          x: array ``(..., *in_shape)`` whose dtype ``in_dtype`` can hold, or a tuple of these.

        Returns:
          An array ``(..., *out_shape)`` or, of a stack, a tuple of these.

        Raises:
          ValueError: where the shape doesn't end in ``in_shape``, or the dtype would lose digits or
            the imaginary part.
        """
        domain = _struct(self.in_shape, self.in_dtype)
        x, leading_axes = _conform(x, domain, type(self).__name__)
        forward = self.forward
        for _ in range(leading_axes):
            forward = jax.vmap(forward)
        return forward(x)

    @property
    def out_shape(self) -> tuple:
        """Shape of one output, a tuple of shapes where the output is a tuple."""
        return jax.tree.map(lambda leaf: leaf.shape, self._codomain)

    @property
    def out_dtype(self) -> Any:
        """Dtype of the output, a tuple of dtypes where the output is a tuple."""
        return jax.tree.map(lambda leaf: leaf.dtype, self._codomain)

    @property
    def _codomain(self):
        return jax.eval_shape(self.forward, _struct(self.in_shape, self.in_dtype))

    @property
    def T(self) -> "LinearOperator":  # noqa: N802
        """The transpose, without conjugation; real where the input of the operator is real."""
        return _Transpose(self, in_shape=self.out_shape, in_dtype=self.out_dtype)

    @property
    def H(self) -> "LinearOperator":  # noqa: N802
        """The adjoint, ``Re<A x, y> = Re<x, A.H y>``.

        Between complex spaces it is the conjugate transpose. Of an operator from real images to
        complex data it is the real part of that, the adjoint in the real inner product.
        """
        return _Adjoint(self, in_shape=self.out_shape, in_dtype=self.out_dtype)

    @property
    def normal(self) -> "LinearOperator":
        """The normal operator ``A.H @ A``."""
        return self.H @ self

    def __matmul__(self, other: "LinearOperator") -> "LinearOperator":
        """The composition ``x -> A(B(x))``; ValueError where the shapes don't follow."""
        if not isinstance(other, LinearOperator):
            return NotImplemented
        if other.out_shape != self.in_shape:
            raise ValueError(
                f"A @ B: expected B.out_shape to be A.in_shape {self.in_shape}, "
                f"got {other.out_shape}"
            )
        return _Composition(self, other, in_shape=other.in_shape, in_dtype=other.in_dtype)

    def __add__(self, other: "LinearOperator") -> "LinearOperator":
        """The sum ``x -> A(x) + B(x)``; ValueError where the shapes differ."""
        if not isinstance(other, LinearOperator):
            return NotImplemented
        _check_same_domain("A + B", [self, other])
        if self.out_shape != other.out_shape:
            raise ValueError(
                f"A + B: expected B.out_shape to be A.out_shape {self.out_shape}, "
                f"got {other.out_shape}"
            )
        return _Sum(self, other, in_shape=self.in_shape, in_dtype=self.in_dtype)

    def __rmul__(self, scalar: complex | jax.Array) -> "LinearOperator":
        """The multiple ``x -> scalar * A(x)`` by a number or 0-d array, real or complex."""
        if np.shape(scalar) != ():
            raise ValueError(f"scalar: expected a number or 0-d array, got {np.shape(scalar)}")
        return _Multiple(self, scalar, in_shape=self.in_shape, in_dtype=self.in_dtype)

    def __mul__(self, scalar: complex | jax.Array) -> "LinearOperator":
        """The multiple ``x -> scalar * A(x)``."""
        return self.__rmul__(scalar)

    def __truediv__(self, scalar: complex | jax.Array) -> "LinearOperator":
        """The multiple ``x -> A(x) / scalar``."""
        return self.__rmul__(1 / scalar)

    def __neg__(self) -> "LinearOperator":
        """The multiple ``x -> -A(x)``."""
        return -1 * self

    def __sub__(self, other: "LinearOperator") -> "LinearOperator":
        """The difference ``x -> A(x) - B(x)``; ValueError where the shapes differ."""
        return self + -1 * other if isinstance(other, LinearOperator) else NotImplemented

    def norm(self, key: jax.Array, iterations: int = 100) -> jax.Array:
        """Estimates the spectral norm by power iteration on ``A.normal``.

        The estimate converges from below: multiply it by a little more than 1 before it serves as a
        Lipschitz constant.

        Args:
          key: for the random start.
          iterations: of the power method, static.

        Returns:
          A real scalar, the largest singular value or a little less.
        """
        domain = _struct(self.in_shape, self.in_dtype)
        leaves, treedef = jax.tree.flatten(domain)
        keys = jax.random.split(key, len(leaves))
        start = treedef.unflatten(
            [
                jax.random.normal(k, leaf.shape, leaf.dtype)
                for k, leaf in zip(keys, leaves, strict=True)
            ]
        )
        normal = self.normal
        v = jax.lax.fori_loop(0, iterations, lambda _, v: _normalized(normal(v)), start)
        return _two_norm(self(_normalized(v)))


def vstack(operators: Sequence[LinearOperator]) -> LinearOperator:
    """Stacks operators of one input: ``x -> (A(x), B(x), ...)``.

    Its adjoint takes a tuple and sums ``A.H y_1 + B.H y_2 + ...``.

    Args:
      operators: at least one, with the same ``in_shape`` and ``in_dtype``.

    Raises:
      ValueError: where there are none, or the inputs differ.
    """
    operators = tuple(operators)
    if not operators:
        raise ValueError("operators: expected at least one, got none")
    _check_same_domain("vstack", operators)
    first = operators[0]
    return _VStack(operators, in_shape=first.in_shape, in_dtype=first.in_dtype)


class _Transpose(LinearOperator):
    operator: LinearOperator

    def forward(self, y):
        return _transpose(self.operator)(y)

    @property
    def T(self):  # noqa: N802
        return self.operator


class _Adjoint(LinearOperator):
    operator: LinearOperator

    def forward(self, y):
        return _conjugate(_transpose(self.operator)(_conjugate(y)))

    @property
    def H(self):  # noqa: N802
        return self.operator


class _Composition(LinearOperator):
    outer: LinearOperator
    inner: LinearOperator

    def forward(self, x):
        return self.outer(self.inner(x))


class _Sum(LinearOperator):
    first: LinearOperator
    second: LinearOperator

    def forward(self, x):
        return jax.tree.map(jnp.add, self.first(x), self.second(x))


class _Multiple(LinearOperator):
    operator: LinearOperator
    scalar: complex | jax.Array

    def forward(self, x):
        return jax.tree.map(lambda y: self.scalar * y, self.operator(x))


class _VStack(LinearOperator):
    operators: tuple[LinearOperator, ...]

    def forward(self, x):
        return tuple(operator(x) for operator in self.operators)


def _transpose(operator: LinearOperator) -> Callable:
    domain = _struct(operator.in_shape, operator.in_dtype)
    transposed = jax.linear_transpose(operator.forward, domain)

    def transpose(y):
        try:
            return transposed(y)[0]
        except (AssertionError, NotImplementedError, RuntimeError) as error:
            raise ValueError(
                f"{type(operator).__name__}: expected forward(x) to be linear in x, so that JAX "
                f"can transpose it, got {type(error).__name__}: {error}"
            ) from error

    return transpose


def _conjugate(tree):
    return jax.tree.map(jnp.conj, tree)


def _two_norm(tree) -> jax.Array:
    return jnp.sqrt(sum(jnp.sum(jnp.abs(leaf) ** 2) for leaf in jax.tree.leaves(tree)))


def _normalized(tree):
    norm = _two_norm(tree)
    # The zero operator has no direction to follow.
    scale = jnp.where(norm > 0, 1 / jnp.where(norm > 0, norm, 1), 0)
    return jax.tree.map(lambda leaf: scale * leaf, tree)


def _struct(shape, dtype):
    """The abstract value of one input, or a tuple of them."""
    if any(isinstance(size, tuple) for size in shape):
        return tuple(map(_struct, shape, dtype))
    return jax.ShapeDtypeStruct(shape, dtype)


def _conform(x, domain, name: str):
    """Casts ``x`` to the dtypes of ``domain`` and counts the axes before its shapes."""
    if jax.tree.structure(x) != jax.tree.structure(domain):
        raise ValueError(
            f"{name}: expected x to be {jax.tree.structure(domain)}, got {jax.tree.structure(x)}"
        )
    leading_shapes = set()

    def conform_leaf(leaf, expected):
        split = np.ndim(leaf) - len(expected.shape)
        if split < 0 or np.shape(leaf)[split:] != expected.shape:
            raise ValueError(
                f"{name}: expected x of shape (..., {', '.join(map(str, expected.shape))}), "
                f"got {np.shape(leaf)}"
            )
        leading_shapes.add(np.shape(leaf)[:split])
        if jnp.result_type(leaf, expected.dtype) != expected.dtype:
            raise ValueError(
                f"{name}: expected x of in_dtype {np.dtype(expected.dtype)}, "
                f"got {jnp.result_type(leaf)}"
            )
        return jnp.asarray(leaf, expected.dtype)

    x = jax.tree.map(conform_leaf, x, domain)
    if len(leading_shapes) > 1:
        raise ValueError(f"{name}: expected equal leading axes, got {sorted(leading_shapes)}")
    return x, len(leading_shapes.pop())


def _check_same_domain(expression: str, operators: Sequence[LinearOperator]) -> None:
    first = operators[0]
    for other in operators[1:]:
        same_shape = other.in_shape == first.in_shape
        if not same_shape or _dtypes(other) != _dtypes(first):
            raise ValueError(
                f"{expression}: expected in_shape {first.in_shape} and in_dtype {_dtypes(first)} "
                f"throughout, got {other.in_shape} and {_dtypes(other)}"
            )


def _dtypes(operator: LinearOperator):
    return jax.tree.map(np.dtype, operator.in_dtype)
