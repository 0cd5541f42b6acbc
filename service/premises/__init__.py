"""Where people live: the tree of areas, buildings, units (rooms), and which lock hangs on which door."""
