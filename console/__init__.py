"""Floor 6: what people see."""
