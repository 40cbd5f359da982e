"""Renders documentation from the code."""
