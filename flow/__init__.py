"""Floor 5: the order of things: intake, watch, delivery, release, audit; the engine loop."""
