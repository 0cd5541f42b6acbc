"""Staged roll-outs of firmware, and where each lock stands in one."""
