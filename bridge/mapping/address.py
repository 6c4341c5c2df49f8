"""What an address in a file says by itself, before any name is looked up."""

from __future__ import annotations

from ipaddress import ip_network


def is_this_machine(url: str) -> bool:
    """Whether an address is written as one of this machine."""
    host = url.partition("://")[2].partition("/")[0]
    return host.startswith("[::1]") or host.partition(":")[0] in ("127.0.0.1", "localhost")


def is_network(text: str) -> bool:
    """Whether it is an IP address, or a network of them."""
    try:
        ip_network(text)
    except ValueError:
        return False
    return True
