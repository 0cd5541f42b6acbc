"""A house passes to another landlord, with its locks and its tenants."""
