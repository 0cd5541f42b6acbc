"""The Anmen service: pages and JSON API, the inbox that listens to locks, and the register they feed."""
