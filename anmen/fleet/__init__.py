"""A fleet of simulated locks beside a service: made known to it, run, and compared with what it holds."""
