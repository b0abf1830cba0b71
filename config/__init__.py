"""Floor 0: settings and policy files; the modules named in tests/test_layout.py as wiring stand at the top."""
