"""Tables and SQL of stays, resident counts and inquiries."""
