"""Floor 1: the record of what was said: sources with cursor and health, posts, search."""
