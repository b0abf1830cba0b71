#!/usr/bin/env python
"""`python manage.py X` is the same as `huiying X`."""

from config.cli import main

if __name__ == "__main__":
    main()
