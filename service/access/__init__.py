"""Who may open which door: grants, their credentials, each lock's access list, and what the lock has confirmed."""
