"""Doubts whether what speaks as a lock is that lock: what gave rise to them, and who has settled them."""
