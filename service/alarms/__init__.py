"""Alarms that people must see to: raised by locks, shown to the police and grid staff of the area, attended, closed."""
