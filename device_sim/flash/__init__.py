"""The lock's flash: event log, access list, and what else it must remember over a power cut."""
