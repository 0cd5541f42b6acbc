"""SQL of transfers, and of what they change in other tables."""
