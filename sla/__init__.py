"""Floor 3: obligations and their clocks; the releases that settle them."""
