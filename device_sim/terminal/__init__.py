"""One lock in a terminal: what it is like, live, and keys to stand before it or to make trouble."""
