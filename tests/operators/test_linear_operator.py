"""The algebra, on operators whose matrices are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from imaging_jax.operators import Blur, LinearOperator, Resize, vstack


class Matrix(LinearOperator):
    matrix: jax.Array

    def forward(self, x):
        return self.matrix @ x


class Fourier(LinearOperator):
    """Real or complex image to its orthonormal spectrum."""

    def forward(self, x):
        return jnp.fft.fft2(x, axes=(0, 1), norm="ortho")


class Power(LinearOperator):
    """An operator with a static option."""

    factor: float = struct.field(pytree_node=False, default=2.0)

    def forward(self, x):
        return self.factor * x


def random(seed, shape, dtype=np.float64):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape)
    if np.issubdtype(dtype, np.complexfloating):
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


def matrix_operator(seed, rows, columns, dtype=np.float64):
    matrix = random(seed, (rows, columns), dtype)
    return matrix, Matrix(matrix, in_shape=(columns,), in_dtype=dtype)


@pytest.fixture(autouse=True)
def _float64(x64):
    pass


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_call_transpose_and_adjoint_are_those_of_the_matrix(dtype):
    M, A = matrix_operator(0, 5, 3, dtype)
    x, y = random(1, 3, dtype), random(2, 5, dtype)
    np.testing.assert_allclose(A(x), M @ x, rtol=1e-12)
    np.testing.assert_allclose(A.T(y), M.T @ y, rtol=1e-12)
    np.testing.assert_allclose(A.H(y), M.conj().T @ y, rtol=1e-12)
    np.testing.assert_allclose(A.T.T(x), M @ x, rtol=1e-12)
    np.testing.assert_allclose(A.H.H(x), M @ x, rtol=1e-12)
    np.testing.assert_allclose(A.T.H(x), M.conj() @ x, rtol=1e-12)
    np.testing.assert_allclose(A.H.T(x), M.conj() @ x, rtol=1e-12)
    np.testing.assert_allclose(A.normal(x), M.conj().T @ M @ x, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_composition_sum_and_multiple(dtype):
    M, A = matrix_operator(0, 5, 3, dtype)
    N, B = matrix_operator(1, 3, 4, dtype)
    K, C = matrix_operator(2, 5, 3, dtype)
    c = 2 - 1.5j if dtype == np.complex128 else -1.5
    expected = c * (M + K) @ N
    operator = (c * (A + C)) @ B
    x, y = random(3, 4, dtype), random(4, 5, dtype)
    np.testing.assert_allclose(operator(x), expected @ x, rtol=1e-12)
    np.testing.assert_allclose(operator.T(y), expected.T @ y, rtol=1e-12)
    np.testing.assert_allclose(operator.H(y), expected.conj().T @ y, rtol=1e-12)
    assert operator.in_shape == (4,)
    assert operator.out_shape == (5,)
    assert operator.out_dtype == dtype


@pytest.mark.parametrize("scalar", [3, np.float64(3), np.array(3.0)])
def test_multiple_by_any_scalar_type(scalar):
    M, A = matrix_operator(0, 5, 3)
    x = random(1, 3)
    np.testing.assert_allclose((scalar * A)(x), 3 * M @ x, rtol=1e-12)
    np.testing.assert_allclose((jnp.asarray(scalar) * A)(x), 3 * M @ x, rtol=1e-12)


def test_complex_multiple_of_a_real_operator():
    M, A = matrix_operator(0, 5, 3)
    B = 1j * A
    x, y = random(1, 3), random(2, 5, np.complex128)
    np.testing.assert_allclose(B(x), 1j * M @ x, rtol=1e-12)
    np.testing.assert_allclose(B.H(y), (-1j * M.T @ y).real, rtol=1e-12)


def test_stack_and_its_adjoint():
    M, A = matrix_operator(0, 5, 3)
    N, B = matrix_operator(1, 2, 3)
    S = vstack([A, B])
    x, y = random(2, 3), (random(3, 5), random(4, 2))
    assert S.out_shape == ((5,), (2,))
    assert S.out_dtype == (np.float64, np.float64)
    for got, expected in zip(S(x), (M @ x, N @ x), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12)
    np.testing.assert_allclose(S.H(y), M.T @ y[0] + N.T @ y[1], rtol=1e-12)
    np.testing.assert_allclose(S.T.T(x)[1], N @ x, rtol=1e-12)
    np.testing.assert_allclose((2 * S + S).H(y), 3 * (M.T @ y[0] + N.T @ y[1]), rtol=1e-12)
    nested = vstack([S, A])
    assert nested.out_shape == (((5,), (2,)), (5,))
    gram = 2 * M.T @ M + N.T @ N
    np.testing.assert_allclose(nested.normal(x), gram @ x, rtol=1e-12)
    tuples = (random(5, (4, 5)), random(6, (4, 2)))
    np.testing.assert_allclose(S.H(tuples), tuples[0] @ M + tuples[1] @ N, rtol=1e-12)


@pytest.mark.parametrize("shape", [(6, 5, 2), (5, 7, 1), (4, 4, 1)])
def test_adjoint_of_the_fourier_transform_of_a_real_image(shape):
    A = Fourier(in_shape=shape, in_dtype=jnp.float64)
    x, y = random(0, shape), random(1, shape, np.complex128)
    inverse = np.fft.ifft2(y, axes=(0, 1), norm="ortho")
    assert A.H(y).dtype == np.float64
    np.testing.assert_allclose(A.H(y), inverse.real, atol=1e-14)
    # The transpose doesn't conjugate: a second forward transform, not the inverse.
    transpose = np.fft.fft2(y, axes=(0, 1), norm="ortho")
    np.testing.assert_allclose(A.T(y), transpose.real, atol=1e-14)
    lhs, rhs = np.vdot(y, A(x)).real, np.vdot(A.H(y), x)
    np.testing.assert_allclose(lhs, rhs, rtol=1e-12)
    np.testing.assert_allclose(A.normal(x), x, atol=1e-14)


def test_adjoint_of_the_fourier_transform_of_a_complex_image():
    shape = (6, 5, 2)
    A = Fourier(in_shape=shape, in_dtype=jnp.complex128)
    y = random(1, shape, np.complex128)
    np.testing.assert_allclose(A.H(y), np.fft.ifft2(y, axes=(0, 1), norm="ortho"), atol=1e-14)
    np.testing.assert_allclose(A.T(y), np.fft.fft2(y, axes=(0, 1), norm="ortho"), atol=1e-14)


def test_leading_axes_are_mapped_over():
    M, A = matrix_operator(0, 5, 3)
    x, y = random(1, (2, 4, 3)), random(2, (2, 4, 5))
    np.testing.assert_allclose(A(x), x @ M.T, rtol=1e-12)
    np.testing.assert_allclose(A.T(y), y @ M, rtol=1e-12)
    np.testing.assert_allclose(A.H(y), y @ M, rtol=1e-12)
    np.testing.assert_allclose(A.normal(x), x @ M.T @ M, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_norm_approaches_the_largest_singular_value_from_below(dtype):
    M, A = matrix_operator(0, 6, 4, dtype)
    exact = np.linalg.norm(M, 2)
    norm = jax.jit(lambda A, key: A.norm(key, iterations=300))(A, jax.random.key(0))
    np.testing.assert_allclose(norm, exact, rtol=1e-10)
    rough = A.norm(jax.random.key(0), iterations=1)
    assert 0.3 * exact < rough < exact * (1 - 1e-9)
    S = vstack([A, 2 * A])
    np.testing.assert_allclose(S.norm(jax.random.key(1), 300), np.sqrt(5) * exact, rtol=1e-10)
    np.testing.assert_allclose(S.H.norm(jax.random.key(1), 300), np.sqrt(5) * exact, rtol=1e-10)


def test_norm_of_image_operators_against_numpy():
    norm_of = jax.jit(lambda operator, key: operator.norm(key, 2000))
    for operator in (
        Resize(0.5, in_shape=(6, 8, 1), in_dtype=jnp.float64),
        Blur(random(0, (3, 2)), "reflect", in_shape=(5, 4, 1), in_dtype=jnp.float64),
    ):
        size = int(np.prod(operator.in_shape))
        basis = np.eye(size).reshape(size, *operator.in_shape)
        matrix = np.asarray(jax.jit(operator)(basis)).reshape(size, -1)
        exact = np.linalg.svd(matrix, compute_uv=False)[0]
        np.testing.assert_allclose(norm_of(operator, jax.random.key(0)), exact, rtol=1e-6)


def test_norm_of_the_zero_operator_is_zero():
    A = Matrix(np.zeros((3, 2)), in_shape=(2,), in_dtype=np.float64)
    assert A.norm(jax.random.key(0)) == 0


def test_operators_pass_through_jit_vmap_and_grad():
    M, A = matrix_operator(0, 5, 3)
    x, y = random(1, 3), random(2, 5)
    np.testing.assert_allclose(jax.jit(lambda A, x: (2 * A.H)(A(x)))(A, x), 2 * M.T @ M @ x)
    stack = Matrix(np.stack([M, 2 * M]), in_shape=(3,), in_dtype=np.float64)
    mapped = jax.vmap(lambda A: A.H(y))(stack)
    np.testing.assert_allclose(mapped, [M.T @ y, 2 * M.T @ y], rtol=1e-12)
    gradient = jax.grad(lambda x: jnp.sum((A(x) - y) ** 2))(x)
    np.testing.assert_allclose(gradient, 2 * M.T @ (M @ x - y), rtol=1e-12)
    # With respect to the operator: y · A x is linear in the matrix, its adjoint likewise.
    np.testing.assert_allclose(jax.grad(lambda A: y @ A(x))(A).matrix, np.outer(y, x), rtol=1e-12)
    np.testing.assert_allclose(jax.grad(lambda A: x @ A.H(y))(A).matrix, np.outer(y, x), rtol=1e-12)
    scaled = jax.grad(lambda c: jnp.sum((c * A)(x)))(2.0)
    np.testing.assert_allclose(scaled, (M @ x).sum(), rtol=1e-12)


def test_options_are_static():
    A = Power(3.0, in_shape=(2,), in_dtype=np.float64)
    assert jax.tree.leaves(A) == []
    np.testing.assert_allclose(jax.jit(lambda A: A(np.ones(2)))(A), [3, 3])


def test_input_is_cast_only_where_nothing_is_lost():
    _, A = matrix_operator(0, 5, 3)
    assert A(np.arange(3)).dtype == np.float64
    assert A(np.ones(3, np.float32)).dtype == np.float64
    with pytest.raises(ValueError, match="float64, got complex128"):
        A(np.ones(3, np.complex128))
    single = Matrix(np.ones((2, 3), np.float32), in_shape=(3,))
    assert single.in_dtype == jnp.float32
    with pytest.raises(ValueError, match="float32, got float64"):
        single(np.ones(3))


class Square(LinearOperator):
    def forward(self, x):
        return x * x


class Clip(LinearOperator):
    def forward(self, x):
        return jnp.clip(x, 0, 1)


@pytest.mark.parametrize("operator", [Square, Clip])
def test_a_function_that_is_not_linear_is_named(operator):
    A = operator(in_shape=(3,), in_dtype=np.float64)
    for adjoint in (A.T, A.H, jax.jit(A.H)):
        with pytest.raises(ValueError, match=rf"{operator.__name__}: expected .* linear in x"):
            adjoint(np.ones(3))


def test_errors_at_trace_time():
    _, A = matrix_operator(0, 5, 3)
    _, B = matrix_operator(1, 4, 2)
    with pytest.raises(ValueError, match=r"Matrix: expected x of shape \(..., 3\), got \(4,\)"):
        jax.eval_shape(A, jax.ShapeDtypeStruct((4,), np.float64))
    with pytest.raises(ValueError, match=r"got \(\)"):
        A(1.0)
    with pytest.raises(ValueError, match=r"expected x of shape \(..., 5\)"):
        A.H(np.ones(3))
    with pytest.raises(ValueError, match=r"A @ B: expected B.out_shape .* \(3,\), got \(4,\)"):
        A @ B
    with pytest.raises(ValueError, match=r"A \+ B: expected in_shape \(3,\)"):
        A + B
    with pytest.raises(ValueError, match=r"A \+ B: expected B.out_shape"):
        A + matrix_operator(1, 4, 3)[1]
    with pytest.raises(ValueError, match="scalar"):
        np.ones(2) * A
    with pytest.raises(ValueError, match="operators"):
        vstack([])
    with pytest.raises(ValueError, match="vstack"):
        vstack([A, B])
    S = vstack([A, A])
    with pytest.raises(ValueError, match="expected x to be"):
        S.H(np.ones(5))
    with pytest.raises(ValueError, match="equal leading axes"):
        S.H((np.ones((2, 5)), np.ones((3, 5))))
    with pytest.raises(TypeError):
        A @ np.ones(3)
    with pytest.raises(NotImplementedError, match="forward"):
        LinearOperator(in_shape=(1,))(np.ones(1, np.float32))


def test_arithmetic_with_numbers_and_differences(x64):
    A, B = (
        Blur(np.random.default_rng(seed).random((3, 3)), in_shape=(5, 6, 1), in_dtype=np.float64)
        for seed in (0, 1)
    )
    x = np.random.default_rng(2).random((5, 6, 1))
    expected = 2 * np.asarray(A(x)) - np.asarray(B(x)) / 4
    np.testing.assert_allclose((A * 2 - B / 4)(x), expected, atol=1e-14)
    np.testing.assert_allclose((-A)(x), -np.asarray(A(x)), atol=1e-14)
