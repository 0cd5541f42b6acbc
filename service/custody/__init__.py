"""Who holds a lock: claimed by the secret under its cover, moved, replaced, reported stolen."""
