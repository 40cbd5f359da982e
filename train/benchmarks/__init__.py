"""How fast a config trains and predicts, measured on the machine it runs on."""

from train.benchmarks.measure import benchmark
from train.benchmarks.report import lines

__all__ = ["benchmark", "lines"]
