"""The demo: everything on this machine, with a sample estate, its simulated locks, and people who can sign in."""
