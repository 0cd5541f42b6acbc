"""Visitors: a PIN for a day or for once, given by a tenant, ended with everything it came from."""
