"""Counters of a running process, for Prometheus (text exposition format 0.0.4).

Law: numbers about requests, never about people: labels are route templates, methods and status classes,
all from closed sets, so nothing that an asker sends can appear here or make this grow. Each worker counts
for itself. Rejected: prometheus-client (a dependency for thirty lines).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS"})


class Meters:
    """What has been answered since the start, and gauges that are read when asked."""

    def __init__(self, gauges: dict[str, tuple[str, Callable[[], float]]] | None = None) -> None:
        """`gauges`: name -> (help, how to read it)."""
        self._answers: Counter[tuple[str, str, int]] = Counter()
        self._gauges = dict(gauges or {})

    def count(self, route: str, method: str, status: int) -> None:
        """One answer to a route template."""
        self._answers[route, method if method in METHODS else "other", status // 100] += 1

    def text(self) -> str:
        """Everything, in exposition format."""
        return "\n".join([*self._lines(), ""])

    def _lines(self) -> Iterator[str]:
        yield "# HELP bridge_http_answers_total Answers by route, method and status class."
        yield "# TYPE bridge_http_answers_total counter"
        for (route, method, hundreds), number in sorted(self._answers.items()):
            labels = f'route="{route}",method="{method}",status="{hundreds}xx"'
            yield f"bridge_http_answers_total{{{labels}}} {number}"
        for name, (told, read) in self._gauges.items():
            yield f"# HELP {name} {told}"
            yield f"# TYPE {name} gauge"
            yield f"{name} {read():g}"
