"""Commands to locks: who may order what, what is on its way, and what the lock has said of it."""
