"""Compiles the steps of a stage: data made or cut inside, state donated, batch split."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
from jax.sharding import Mesh

from train.state.devices import placements, replicated, scan, split_over_devices, unrolled
from train.state.stage import Stage
from train.state.train_state import TrainState


class CompiledStage:
    """The compiled steps of one stage over one data path.

    Args:
      stage: its step functions.
      data: see `train.data`.
      mesh: of the devices.
      steps_per_call: steps in one dispatch.
      shard_parameters: see `train.state.devices.placements`.
    """

    def __init__(
        self,
        stage: Stage,
        data: Any,
        mesh: Mesh,
        steps_per_call: int,
        shard_parameters: bool = False,
    ):
        self.stage = stage
        self.data = data
        self.mesh = mesh
        self.steps_per_call = steps_per_call
        self._sharded = shard_parameters
        self._programs: dict[tuple[str, ...], jax.stages.Compiled] = {}

    def inputs(self, step: int) -> Iterator[Any]:
        """What each call takes from the host, from `step` on."""
        source = self.data.inputs(step, self.mesh)
        if self.steps_per_call == 1 or not self.data.streamed:
            return source
        return self._stacked(source)

    def _stacked(self, source: Iterator[Any]) -> Iterator[Any]:
        stack = jax.jit(
            lambda *xs: jax.tree.map(lambda *leaves: jax.numpy.stack(leaves), *xs),
            out_shardings=split_over_devices(self.mesh, axis=1),
        )
        while True:
            yield stack(*[next(source) for _ in range(self.steps_per_call)])

    def __call__(self, state: TrainState, step: int, inputs: Any) -> tuple[TrainState, dict]:
        """Takes `steps_per_call` steps; the metrics are those of the last. Donates `state`."""
        program = self.program(state, step)
        with jax.transfer_guard("disallow"):
            return program(state, inputs)

    def program(self, state: TrainState, step: int) -> jax.stages.Compiled:
        """The compiled call that starts at `step`."""
        pattern = tuple(self.stage.choose(step + i) for i in range(self.steps_per_call))
        if pattern not in self._programs:
            places = (placements(state, self.mesh, self._sharded), replicated(self.mesh))
            call = jax.jit(self._call(pattern), donate_argnums=0, out_shardings=places)
            # Convolutions cut each device's share of the batch for themselves.
            with jax.set_mesh(self.mesh):
                self._programs[pattern] = call.lower(state, self._input_shapes()).compile()
        return self._programs[pattern]

    def flops(self, state: TrainState, step: int) -> float:
        """Floating-point operations of the step that follows `step`, data included."""
        function = self.stage.step_functions[self.stage.choose(step)]
        with unrolled():
            lowered = jax.jit(self._step(function)).lower(state, self.data.input_shapes(self.mesh))
        return (lowered.cost_analysis() or {}).get("flops", 0.0)

    def _input_shapes(self) -> Any:
        shapes = self.data.input_shapes(self.mesh)
        if self.steps_per_call == 1 or not self.data.streamed:
            return shapes
        split = split_over_devices(self.mesh, axis=1)
        return jax.tree.map(
            lambda x: jax.ShapeDtypeStruct(
                (self.steps_per_call, *x.shape), x.dtype, sharding=split
            ),
            shapes,
        )

    def _call(self, pattern: tuple[str, ...]) -> Callable:
        steps = [self._step(self.stage.step_functions[name]) for name in pattern]
        if len(steps) == 1:
            return steps[0]
        streamed = self.data.streamed

        def same(state, inputs):
            xs = inputs if streamed else None
            one = lambda s, x: steps[0](s, x if streamed else inputs)  # noqa: E731
            state, metrics = scan(one, state, xs, length=len(steps))
            return state, jax.tree.map(lambda m: m[-1], metrics)

        def mixed(state, inputs):
            for index, step in enumerate(steps):
                at = jax.tree.map(lambda x: x[index], inputs) if streamed else inputs  # noqa: B023
                state, metrics = step(state, at)
            return state, metrics

        return same if len(set(pattern)) == 1 else mixed

    def _step(self, function: Callable) -> Callable:
        split = split_over_devices(self.mesh)

        def step(state: TrainState, inputs):
            batch = self.data.batch(state.batch_key(), inputs)
            return function(state, jax.lax.with_sharding_constraint(batch, split))

        return step
