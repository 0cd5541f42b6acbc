"""Releases of lock firmware: what a maker signed, and its image."""
