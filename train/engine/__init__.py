"""What runs any task: compiled steps, loop, checkpoints, and the run folder."""
