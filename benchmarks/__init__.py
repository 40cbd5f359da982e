"""How fast a config trains and predicts, measured on the machine it runs on."""

from benchmarks.measure import benchmark
from benchmarks.report import lines

__all__ = ["benchmark", "lines"]
