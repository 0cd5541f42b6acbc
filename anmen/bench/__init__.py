"""Benches: real parts on this machine, measured beside a yardstick in the same run. docs/performance.md says how to read them."""
