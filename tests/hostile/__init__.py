"""Attacks on the whole service: by a stranger, by a broker, by one lock, by one account, by one database role."""
