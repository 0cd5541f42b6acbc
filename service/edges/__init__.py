"""The outside world: database transactions, keys, clock, broker, face models. No rules live here."""
