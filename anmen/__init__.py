"""The command: the one place that composes service and simulator, and runs them on this machine."""
