"""SQL of chain keys of past key epochs, and of pairs that are to come."""
