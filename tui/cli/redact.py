"""Text that goes to a screen or a file although it may hold a key: errors of other people's libraries, usage errors."""

from __future__ import annotations

import os
import re

from tui.plain import without

_SECRET = re.compile(r"(?i)\b(?:hs_|sk-|sk_)[a-z0-9_-]{6,}|(?<=bearer )[^\s'\"]+|(?<=://)[^\s/@]+(?=@)")
"""Keys as providers make them, what stands in an Authorization line, and the user of an address."""

_SECRET_NAME = re.compile(r"(?i)(?:key|token|secret|password)$")

MIN_SECRET = 8
"""Characters; a shorter value is no key, and replacing it would eat words."""


def redact(text: str) -> str:
    """`text` without what looks like a key, and without the value, or a part of it, of a variable named like one."""
    for name, value in os.environ.items():
        if len(value) >= MIN_SECRET and _SECRET_NAME.search(name):
            text = without(value, text)
    return _SECRET.sub("…", text)
