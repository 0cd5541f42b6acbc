"""Who is in now, with how much confidence and why, and how many are in where."""
