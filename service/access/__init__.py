"""Who may open which door: grants, the credentials that carry them, each lock's access list, and what the lock has confirmed."""
