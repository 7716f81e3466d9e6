"""What a text is found by, and what a query asks of the index. Pure.

Words are found from their beginning (and from a capital within: UserName in getUserName), and by three letters and
more from their middle (vocabulary.py). Scripts without spaces are found by every character and every two in a row, so
that 春 and 四季 are found as well as 日本の四季. A single letter, with which the next word begins as it is typed,
is left to the text itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tui.journal.folding import Folded, fold

_GRAMS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u2600-\u27bf\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\U0001f000-\U0001faff\U00020000-\U0003ffff"  # emoji; rare Chinese characters
)
_TOKEN = re.compile(f"([{_GRAMS}]+)|[^\\W_{_GRAMS}]+")
_ASCII = re.compile("[a-z0-9]+")
_HUMPED = re.compile("[A-Za-z][A-Za-z0-9]*[a-z0-9][A-Z][A-Za-z0-9]*")
_HUMP = re.compile("(?<=[a-z0-9])(?=[A-Z])")
_PIECE = 4096
"""Code points that are looked through at a time: a longer look would hold up the other threads."""
_BREAK = re.compile("[\\s.,;:、。]")

SHORTEST_PREFIX = 2
"""Characters that the index is asked for as a beginning; whether a word begins with a single letter, the text itself
decides."""

SHORTEST_PIECE = 3
"""Letters from the middle of a word that the index knows (vocabulary.py)."""

LONGEST_INDEXED = 5
"""Letters of a beginning that has an index of its own (schema.sql)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A text in the two columns of the index, each a list of terms between spaces."""

    words: str
    """Words and pairs of characters, in their order."""
    parts: str
    """Single characters and the ends of humped words, each once."""


def terms(text: str) -> Terms:
    """What `text` is found by."""
    words: list[str] = []
    parts: dict[str, None] = {}
    for piece in _pieces(Folded(text).text):
        _take(piece, words, parts)
    for piece in _pieces(text):
        for humped in _HUMPED.findall(piece):
            for hump in _HUMP.finditer(humped):
                parts[humped[hump.start() :].lower()] = None
    return Terms(" ".join(words), " ".join(parts))


def _take(piece: str, words: list[str], parts: dict[str, None]) -> None:
    if piece.isascii():
        words += _ASCII.findall(piece)
        return
    for found in _TOKEN.finditer(piece):
        token = found[0]
        if found[1] is None:
            words.append(token)
        else:
            parts.update(dict.fromkeys(token))
            words += [token[at : at + 2] for at in range(len(token) - 1)]


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        found = _BREAK.search(text, start + _PIECE)
        end = found.end() if found else len(text)
        yield text[start:end]
        start = end


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: every one of `literals`, wherever in the text."""

    literals: tuple[str, ...]
    """As they are compared."""
    whole: str
    """What the index is asked first: texts in which the last word of each stands by itself. '' where it knows nothing
    of such characters."""
    begun: str
    """What it is asked then: texts in which a word begins with it. The same as `whole` where that can be no beginning.
    It costs more: all that begins so is gathered before the newest is known."""
    parts: tuple[Part, ...]
    """Of each literal."""

    @property
    def known(self) -> bool:
        """Whether the index knows all texts that hold it, but for pieces of words with digits."""
        return all((part.alone and len(part.first) >= SHORTEST_PIECE) or not part.open_start for part in self.parts)


@dataclass(frozen=True, slots=True)
class Part:
    """What the index is asked of one literal. '': nothing."""

    begun: str
    """For texts in which a word begins with it."""
    first: str
    """Its first word, which may be the end of a longer one, or where it is nothing else, the middle."""
    rest: str
    """What stands behind `first`, as `begun` asks for it."""
    alone: bool
    """It is `first` and nothing else."""
    open_start: bool
    """A word may go on before it: `begun` does not tell of that."""


def query(words: str) -> Query:
    """`words`, taken literally: what stands between spaces must occur as it is."""
    literals = tuple(dict.fromkeys(fold(words).split()))
    parts = tuple(_part(literal) for literal in literals)
    whole = all_of(_match(literal, begun=False) for literal in literals)
    return Query(literals, whole, all_of(part.begun for part in parts), parts)


def _part(literal: str) -> Part:
    found = _TOKEN.match(literal)
    first = found[0] if found and found[1] is None else ""
    rest = literal[len(first) :]
    return Part(
        _match(literal, begun=True),
        first if first.isalpha() else "",
        _match(rest, begun=True) if first and rest else "",
        first == literal,
        bool(first),
    )


def all_of(matches: Iterable[str]) -> str:
    """What all of `matches` hold, as far as they ask for anything."""
    return " AND ".join(f"({match})" for match in matches if match)


def any_word(words: Iterable[str]) -> str:
    """One of `words`, by itself."""
    return "words : (" + " OR ".join(f'"{word}"' for word in words) + ")"


def _match(literal: str, *, begun: bool) -> str:
    """What the index must hold where `literal` occurs; `begun`: as the beginning of a longer word, too."""
    tokens = list(_TOKEN.finditer(literal))
    ended = bool(tokens) and tokens[-1].end() == len(literal)
    if begun and ended and tokens[-1][1] is None and len(tokens[-1][0]) < SHORTEST_PREFIX:
        return _match(literal[: tokens[-1].start()], begun=False)
    phrases: list[list[str]] = [[]]
    singles: list[str] = []
    first = None
    for found in tokens:
        token = found[0]
        if found[1] is None:
            first = token if first is None and not phrases[0] and not singles else first
            phrases[-1].append(token)
        elif len(token) == 1:
            # A single character stands in no pair of its own, so the order is lost here; the text itself decides.
            singles.append(token)
            phrases.append([])
        else:
            phrases[-1] += [token[at : at + 2] for at in range(len(token) - 1)]
    open_end = begun and ended and len(literal) >= SHORTEST_PREFIX
    asked = [_phrase(phrase, prefix=open_end and phrase is phrases[-1]) for phrase in phrases if phrase]
    asked += [f'parts : "{single}"' for single in singles]
    whole = " AND ".join(asked)
    if first is None:
        return whole
    # The first word may be the end of a humped one, which stands by itself in the index.
    rest = [phrases[0][1:], *phrases[1:]]
    ends = [f'parts : "{first}"' + ("*" if open_end and not any(rest) else "")]
    ends += [_phrase(phrase, prefix=open_end and phrase is rest[-1]) for phrase in rest if phrase]
    ends += [f'parts : "{single}"' for single in singles]
    return f"({whole}) OR ({' AND '.join(ends)})"


def _phrase(phrase: list[str], *, prefix: bool) -> str:
    return f'words : "{" ".join(phrase)}"' + ("*" if prefix else "")


def place(folded: Folded, asked: Query) -> tuple[int, int] | None:
    """Where `asked` stands in the text as written: all of it in a row, else the first of it; None where a part of it
    does not occur."""
    text = folded.text
    if not asked.literals or not all(literal in text for literal in asked.literals):
        return None
    literal = " ".join(asked.literals)
    if literal not in text:
        literal = asked.literals[0]
    begins = re.search(f"(?<![^\\W_]){re.escape(literal)}", text)
    start = begins.start() if begins else text.index(literal)
    return folded.origin(start, start + len(literal))
