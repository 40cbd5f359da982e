"""The compiled stage and the shared step, on a line fitted to points: every figure by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from train.engine.compiled import CompiledStage
from train.state import train_state as states
from train.state.devices import data_mesh, place_batch, split_over_devices
from train.state.optimizers import Optimizer
from train.state.stage import STEP, Stage
from train.state.update import step_function

RATE = 0.1


def mean_square(params, collections, key, batch):
    del key
    del collections
    return jnp.mean((params["line"]["slope"] * batch["x"] - batch["y"]) ** 2), ({}, {})


DESCENT = Optimizer("main", ("line",), optax.sgd(RATE), lambda step: RATE)


def start(ema=False):
    params = {"line": {"slope": jnp.float32(0.0)}}
    return states.create(
        jax.random.key(0),
        params,
        {},
        DESCENT.init(params),
        averaged=("line",) if ema else (),
    )


def descending(**values):
    return step_function(mean_square, (DESCENT,), **values)


def points(step):
    x = np.random.default_rng(step).normal(size=8).astype(np.float32)
    return {"x": x, "y": 2 * x + 1}


def by_hand(steps):
    """Gradient descent in float64: the slope after every step."""
    slope, slopes = 0.0, []
    for step in range(steps):
        x, y = (np.float64(v) for v in points(step).values())
        slope -= RATE * np.mean(2 * (slope * x - y) * x)
        slopes.append(slope)
    return slopes


@pytest.mark.parametrize("accumulate", [1, 2, 4, 8])
def test_accumulated_gradients_are_those_of_the_whole_batch(accumulate):
    state, step = start(), jax.jit(descending(accumulate=accumulate))
    found = []
    for index in range(3):
        state, metrics = step(state, points(index))
        found.append(float(state.params["line"]["slope"]))
    np.testing.assert_allclose(found, by_hand(3), rtol=1e-5)
    assert float(metrics["learning_rate"]) == pytest.approx(RATE)


def test_the_metrics_are_those_of_the_batch():
    _, metrics = descending(accumulate=2)(start(), points(0))
    x, y = points(0).values()
    assert float(metrics["loss"]) == pytest.approx(np.mean(y**2), rel=1e-5)
    assert float(metrics["gradient_norm"]) == pytest.approx(abs(np.mean(2 * y * x)), rel=1e-5)


def test_the_moving_average_is_its_formula():
    state, step = start(ema=True), descending(ema={"line": 0.75})
    average = 0.0
    for index, slope in enumerate(by_hand(4)):
        state, _ = step(state, points(index))
        average = 0.75 * average + 0.25 * slope
    assert float(state.ema_params["line"]["slope"]) == pytest.approx(average, rel=1e-5)
    assert float(state.variables("line")["params"]["slope"]) == pytest.approx(average, rel=1e-5)


class Points:
    """A streamed data path."""

    streamed = True
    batch_size = 8

    def inputs(self, step, mesh):
        while True:
            yield place_batch(points(step), mesh)
            step += 1

    def input_shapes(self, mesh):
        shape = jax.ShapeDtypeStruct((8,), np.float32, sharding=split_over_devices(mesh))
        return {"x": shape, "y": shape}

    def batch(self, key, inputs):
        del key
        return inputs


def run(stage, steps, steps_per_call, state):
    compiled = CompiledStage(stage, Points(), data_mesh(), steps_per_call)
    at = int(state.step)
    inputs = compiled.inputs(at)
    for step in range(at, at + steps, steps_per_call):
        state, _ = compiled(state, step, next(inputs))
    return state


@pytest.mark.parametrize("steps_per_call", [1, 2, 3])
def test_several_steps_a_call_take_a_batch_each(steps_per_call):
    stage = Stage("fit", 6, lambda *a: None, {STEP: descending()})
    state = run(stage, 6, steps_per_call, start())
    assert int(state.step) == 6
    assert float(state.params["line"]["slope"]) == pytest.approx(by_hand(6)[-1], rel=1e-5)


@pytest.mark.parametrize("steps_per_call", [1, 3, 6])
def test_the_rule_says_which_step_function_takes_a_step(steps_per_call):
    def named(letter):
        def step(state, batch):
            code = state.extras["code"] * 10 + letter
            return state.replace(step=state.step + 1, extras={"code": code}), {"loss": code * 1.0}

        return step

    functions = {"first": named(1), "second": named(2)}
    rule = lambda step: "second" if step % 3 == 2 else "first"  # noqa: E731
    stage = Stage("game", 6, lambda *a: None, functions, rule)
    state = run(stage, 6, steps_per_call, start().replace(extras={"code": jnp.int32(0)}))
    assert int(state.extras["code"]) == 112112


def test_flops_are_those_of_one_step():
    stage = Stage("fit", 6, lambda *a: None, {STEP: descending()})
    counts = [CompiledStage(stage, Points(), data_mesh(), k).flops(start(), 0) for k in (1, 3)]
    assert counts[0] == counts[1] > 0
