"""Bringing each lock's access list to the lock, and believing it is there only when the lock says so."""
