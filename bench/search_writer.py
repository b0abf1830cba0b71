"""The writing load of `bench.search`: so many posts a second into the archive, committed once a second, until stopped."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from itertools import count


def main() -> None:
    import django

    django.setup()
    from archive import search
    from bench.search_corpus import document

    size, per_s = int(sys.argv[1]), int(sys.argv[2])
    engine = search.engine()
    for second in count():
        began = time.perf_counter()
        first = 2 * size + second * per_s
        # As live posts: new ones, in the newest month.
        newest = document(size - 1, size).published_at
        engine.add([replace(document(n, size), published_at=newest) for n in range(first, first + per_s)])
        engine.commit()
        sys.stdout.write(f"{second}\n")
        sys.stdout.flush()
        time.sleep(max(0.0, 1 - (time.perf_counter() - began)))


if __name__ == "__main__":
    main()
