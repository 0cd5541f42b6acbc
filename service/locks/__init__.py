"""Provisioned locks: their keys, sessions and link state, and the frames that were refused."""
