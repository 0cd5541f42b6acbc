"""Sentences whose checks are still to be written, page by page: `awaited({number: what stands in the way})`. There is none now.

A sentence that has a check must leave this table.
"""
