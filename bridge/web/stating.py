"""A grant in the exact words that its signer is shown, in their language.

Law (`consent.md`, the grant: text): the words are made of the grant and the registry alone, so the same grant gives the
same words; no name of a person stands in them. They have an id and a version, and what was once shown never changes: a
better text is a new version (`words.txt`, held by a test). What is signed names the words by their hash.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from bridge.consent.asked import Kind, Way
from bridge.consent.grant import Grant
from bridge.consent.words import Words
from bridge.pages import Pages
from bridge.pages.asking import Party, Span, Statement
from bridge.period import BEGINNING, END_OF_TIME, MINUTE, Instant, Period, ZoneHistory
from bridge.web.choices import NAMES
from bridge.web.offering import label

WORDS_ID: Final = "sharing"
WORDS_VERSION: Final = "1"
TEMPLATE: Final = "consent/words.txt"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PAGES: Final = Pages()


def local(instant: Instant, zones: ZoneHistory) -> datetime:
    """The local time of an instant, with its offset from UTC."""
    offset = timedelta(minutes=zones.offset(instant))
    return (_EPOCH + timedelta(milliseconds=instant)).astimezone(timezone(offset))


def stated(grant: Grant, party: Party, zones: ZoneHistory) -> Statement:
    """What the words say of a grant. `party`: who receives, as the registry knows it."""
    return Statement(
        organization=grant.recipient.name or grant.recipient.key,
        client=party.client,
        purpose=grant.purpose,
        kinds=tuple(kind.value for kind in Kind if kind in grant.kinds),
        spans=tuple(_span(period, zones) for period in grant.periods),
        rolling_days=grant.rolling_days,
        grain=NAMES[grant.grain],
        sources=tuple(label(each) for each in sorted(grant.sources)),
        later=grant.later_sources,
        identity=grant.identity.value,
        ways=tuple(way.value for way in Way if way in grant.ways),
        begins=local(grant.begins, zones),
        ends=local(grant.ends - MINUTE, zones),
        is_self=grant.authoriser.role in ("patient", "owner"),
        erase_by=None if grant.erase_by is None else local(grant.erase_by - MINUTE, zones).date(),
        watcher=party.watcher,
        hours=party.hours,
    )


def words(statement: Statement, locale: str) -> Words:
    """The exact words of a statement in a language."""
    return Words(WORDS_ID, WORDS_VERSION, locale, _PAGES.words(TEMPLATE, locale, it=statement))


def _span(period: Period, zones: ZoneHistory) -> Span:
    """A period in days where they are whole, else in times; the end that is told is the last minute inside."""
    start, end = max(period.start, BEGINNING), period.end
    is_open = end >= END_OF_TIME
    edges = (start,) if is_open else (start, end)
    is_whole = all(zones.day(zones.local_date(edge)).start == edge for edge in edges)
    last = None if is_open else local(end - MINUTE, zones)
    return Span(local(start, zones), last, is_whole)
