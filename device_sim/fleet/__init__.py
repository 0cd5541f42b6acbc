"""Thousands of locks in one process: the real protocol, little else, and an exact account of what they recorded."""
