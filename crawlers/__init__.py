"""Floor 5: the outside world in: spiders, importers, politeness, source health."""
