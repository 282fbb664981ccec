"""Records as text and as objects."""
