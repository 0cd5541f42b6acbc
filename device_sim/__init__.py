"""The lock hardware, simulated: flash, door, clock, camera and keypad, and the one link to the broker."""
