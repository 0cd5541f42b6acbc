"""The append-only register of what the locks said, and how far each log is complete."""
