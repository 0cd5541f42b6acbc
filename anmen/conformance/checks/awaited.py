"""Sentences whose checks are still to be written, each with what stands in the way. A sentence that has a check must leave this table."""

from anmen.conformance.registry import awaited

awaited({})
