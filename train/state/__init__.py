"""What tasks are written in: the state, stages, updates, optimizers, placements on devices."""
