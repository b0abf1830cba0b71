"""Loaded by every Python process that the tests start: a call out of this machine is refused and written down.

Refusing alone would not do: a crawler takes a refused connection for a failing source and goes on.
"""

import ipaddress
import os
import sys


def _loopback(host: object) -> bool:
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"


def _watch(event: str, args: tuple) -> None:
    if event not in ("socket.connect", "socket.sendto") or not isinstance(args[1], tuple) or _loopback(args[1][0]):
        return
    with open(os.environ["HUIYING_TEST_OUTBOUND"], "a") as f:
        f.write(f"{event} {args[1]} by {' '.join(sys.argv)}\n")
    raise PermissionError(f"tests allow no connection to {args[1]}")


if "HUIYING_TEST_OUTBOUND" in os.environ:
    sys.addaudithook(_watch)
