"""Questions to the journal while somebody types: one thread, one connection, and only the newest question counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tui.journal.store import Journal
from tui.journal.trouble import Interrupted

Read = TypeVar("Read")

Stop = Callable[[], bool]
"""Whether nobody waits for the answer any more."""


class Questions:
    """Open from the first question to `close`. Its methods do not wait for the journal."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, "unbroken-questions")
        self._journal: Journal | None = None
        self._stop = threading.Event()
        """Of the newest question: it is no longer that."""

    def ask(self, question: Callable[[Journal, Stop], Read]) -> Future[Read]:
        """The answer of `question`, or JournalUnusable; Interrupted where another was asked meanwhile."""
        stop = self._next()
        return self._thread.submit(self._answer, question, stop)

    def close(self) -> None:
        """Nothing is asked any more; the connection is closed as soon as what is being answered has ended."""
        self._next()
        self._thread.submit(self._end)
        self._thread.shutdown(wait=False)

    def _next(self) -> threading.Event:
        self._stop.set()
        self._stop = threading.Event()
        return self._stop

    def _answer(self, question: Callable[[Journal, Stop], Read], stop: threading.Event) -> Read:
        if stop.is_set():
            raise Interrupted
        if self._journal is None:
            self._journal = Journal.open(self._path)
        return question(self._journal, stop.is_set)

    def _end(self) -> None:
        if self._journal is not None:
            self._journal.close()
