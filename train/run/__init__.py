"""One run, from its config to its table."""

from train.run.training import Result, fit

__all__ = ["Result", "fit"]
