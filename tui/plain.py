"""Text from outside made safe to show: the one place (design, section 10).

An answer, a model's name, an error body or an imported file may hold escape sequences, bidi overrides or a megabyte
without a newline. Control characters are made visible, invisible ones that change how others read are dropped.
Keys are taken out here too.
"""

from __future__ import annotations

import re

REPLACEMENT = "\ufffd"

_DROPPED = [
    0x00AD,  # soft hyphen: terminals disagree about its width
    0x061C, 0x200B, 0x200E, 0x200F,  # direction marks, zero-width space
    *range(0x202A, 0x202F), *range(0x2066, 0x206A),  # bidi embeddings, overrides, isolates (Trojan Source)
    *range(0x2060, 0x2066), *range(0x206A, 0x2070), 0xFEFF,
    *range(0xFFF9, 0xFFFC),  # interlinear annotation
    *range(0xE0000, 0xE0080),  # tags: invisible ASCII
]  # fmt: skip

_TABLE: dict[int, str] = {code: chr(0x2400 + code) for code in range(0x20)}
_TABLE |= {0x7F: "\u2421"}
_TABLE |= dict.fromkeys(range(0x80, 0xA0), REPLACEMENT)
_TABLE |= dict.fromkeys(range(0xD800, 0xE000), REPLACEMENT)
_TABLE |= dict.fromkeys(_DROPPED, "")
_TABLE |= {0x09: "\t", 0x0A: "\n", 0x0D: "\n", 0x0B: "\n", 0x0C: "\n", 0x85: "\n", 0x2028: "\n", 0x2029: "\n"}

_SUSPECT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def plain(text: str) -> str:
    """`text` with nothing in it that a terminal would obey; lines end in \\n, tabs stay.

    Control characters become their pictures (ESC: ␛), C1 controls and lone surrogates U+FFFD, direction overrides and
    invisible characters go. U+200C and U+200D stay: Persian and emoji need them.
    """
    if _SUSPECT.search(text) is None:
        return text
    return text.replace("\r\n", "\n").translate(_TABLE)


def one_line(text: str, limit: int = 300) -> str:
    """`text` made safe, on one line, at most `limit` code points: for names, titles and error bodies."""
    line = " ".join(plain(text[: limit * 4]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


SHORTEST_PART = 8
"""Characters of a key that are not told; a run that is shorter is part of many words."""


def without(secret: str, text: str, before: str = "") -> str:
    """`text` with "…" for every run of 8 or more characters that stands in `secret`, or for the whole of a shorter one.

    `before`: what stood before `text` and is told already (its last 7 characters suffice): a secret may come in two
    parts.
    """
    size = min(SHORTEST_PART, len(secret))
    if not size:
        return text
    parts = {secret[at : at + size] for at in range(len(secret) - size + 1)}
    whole = before[1 - size :] + text if size > 1 else text
    skipped = len(whole) - len(text)
    runs: list[tuple[int, int]] = []
    for at in range(len(whole) - size + 1):
        if whole[at : at + size] in parts:
            start = runs.pop()[0] if runs and at <= runs[-1][1] else at
            runs.append((start, at + size))
    shown: list[str] = []
    told = skipped
    for start, end in runs:
        if end > told:
            shown += [whole[told:start], "…"]
            told = end
    return "".join([*shown, whole[told:]])
