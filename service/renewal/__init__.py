"""A lock's next certificate: asked for by the lock, signed by the process that has its authority's key, brought to the lock."""
