"""What outlives a change of a lock's keys, and how the next pair comes to both sides."""
