"""How long what is stored is kept, and its end."""
