"""Tables and SQL of claims, and of how locks leave their landlords."""
