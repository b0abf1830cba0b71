"""Floor 2: what was said and how grave it is."""
