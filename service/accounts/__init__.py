"""Who signs in: accounts, roles, the areas they work in, sessions and failed attempts."""
