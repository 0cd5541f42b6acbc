"""Faces taken at a tenant's own door: asked for, arrived, kept or refused; and brought again where a lock has erased them."""
