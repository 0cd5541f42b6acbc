"""Hypothesis without deadlines: a busy machine is no defect. What must be quick is measured where it is said."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
