"""Which IP addresses an outbound call may reach.

Law: pure, and judged on the resolved address, never on a name: a name can point anywhere, also at the
cloud's metadata service (169.254.169.254) or this machine. Addresses that carry another address inside
(IPv4-mapped, 6to4, NAT64) are judged by the one inside. Link-local is never reached, not even by a
destination that was registered as internal: no record system lives there, metadata services do.

Rejected: a list of forbidden ranges by hand; the registry behind `ipaddress.is_global` is kept by IANA.
"""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

NAT64: Final = IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address."""


class Reach(StrEnum):
    """Where an address leads."""

    PUBLIC = "public"
    PRIVATE = "private"  # RFC 1918, RFC 4193, RFC 6598: a clinic's own network
    LOOPBACK = "loopback"
    NEVER = "never"  # link-local, multicast, unspecified, reserved


def reach(text: str) -> Reach:
    """Where the address `text` leads. What is no address at all leads nowhere: NEVER."""
    try:
        address = _inner(ip_address(text.partition("%")[0]))
    except ValueError:
        return Reach.NEVER
    if address.is_loopback:
        return Reach.LOOPBACK
    if address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved:
        return Reach.NEVER
    if address.is_global:
        return Reach.PUBLIC
    return Reach.PRIVATE


def _inner(address: Address) -> Address:
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
