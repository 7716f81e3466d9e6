"""Colours for code, a line at a time: what is coloured once is never coloured again, however long the code grows.

Pygments is loaded when the first fence that names a language is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

from tui.screen.markdown.rows import Run, Runs, both

if TYPE_CHECKING:
    from pygments.lexer import Lexer
    from pygments.token import _TokenType

LONGEST_LINE = 600
"""Code points; a longer line stays plain: some lexers need quadratic time."""

_LOOKS: tuple[tuple[str, str], ...] = (
    ("Comment", "comment"),
    ("Keyword", "keyword"),
    ("Operator.Word", "keyword"),
    ("Literal.String", "string"),
    ("Literal.Number", "number"),
    ("Name.Function", "name"),
    ("Name.Class", "name"),
    ("Name.Decorator", "name"),
    ("Name.Tag", "keyword"),
    ("Name.Attribute", "name"),
    ("Name.Builtin", "name"),
    ("Generic.Heading", "strong"),
    ("Generic.Subheading", "strong"),
    ("Generic.Inserted", "inserted"),
    ("Generic.Deleted", "deleted"),
)
"""Names of pygments' token types, and how they look."""

Lexed = Iterator[tuple[int, object, str]]
Action = Callable[[object, object], Lexed]
Step = tuple[Callable[[str, int], "_Match | None"], "Action | _TokenType | None", object]


class _Match(Protocol):
    def group(self) -> str: ...
    def end(self) -> int: ...


@cache
def _aliases() -> frozenset[str]:
    """The languages that pygments itself knows: asking it for another name loads other people's plug-ins."""
    from pygments.lexers import get_all_lexers

    return frozenset(alias for _name, aliases, _files, _types in get_all_lexers(plugins=False) for alias in aliases)


@cache
def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name

    return get_lexer_by_name(language) if language in _aliases() else None


@cache
def _look(token: object) -> str:
    name = str(token).removeprefix("Token.")
    return next((look for prefix, look in _LOOKS if name == prefix or name.startswith(prefix + ".")), "")


@cache
def _steps(language: str) -> Mapping[str, Sequence[Step]] | None:
    """The state table of a lexer that is nothing but one; None: it reads in its own way, so each line stands alone."""
    from pygments.lexer import RegexLexer

    lexer = _lexer(language)
    if not isinstance(lexer, RegexLexer):
        return None
    if type(lexer).get_tokens_unprocessed is not RegexLexer.get_tokens_unprocessed:
        return None
    return cast("Mapping[str, Sequence[Step]]", getattr(lexer, "_tokens", None))


def _move(stack: list[str], new: object) -> None:
    """What pygments does with a rule's new state."""
    if isinstance(new, tuple):
        for state in new:
            _move(stack, state)
    elif isinstance(new, int):
        del stack[max(1, len(stack) + new) if new < 0 else len(stack) :]
    elif new == "#pop":
        del stack[max(1, len(stack) - 1) :]
    elif new == "#push":
        stack.append(stack[-1])
    elif isinstance(new, str):
        stack.append(new)


def _walk(lexer: Lexer, steps: Mapping[str, Sequence[Step]], text: str, stack: list[str]) -> Lexed:
    """pygments' own loop (RegexLexer.get_tokens_unprocessed), but the state outlives the line, in `stack`."""
    at = 0
    while at < len(text):
        for matches, action, new in steps[stack[-1]]:
            match = matches(text, at)
            if match is None:
                continue
            if callable(action):
                yield from action(lexer, match)
            elif action is not None:
                yield at, action, match.group()
            at = match.end()
            if new is not None:
                _move(stack, new)
            break
        else:
            yield at, None, text[at]
            if text[at] == "\n":
                stack[:] = ["root"]
            at += 1


class Painter:
    """Colours the lines of one fence in order."""

    def __init__(self, language: str, base: str) -> None:
        self.language = language.lower()
        self.base = base
        self._stack = ["root"]
        self._open_comment = False

    def copy(self) -> Painter:
        """The same painter, for a line that is still growing."""
        other = Painter(self.language, self.base)
        other._stack = self._stack.copy()
        other._open_comment = self._open_comment
        return other

    def paint(self, line: str) -> Runs:
        """The colours of the next line (without its newline)."""
        if not line:
            return ()
        if not self.language or len(line) > LONGEST_LINE or (lexer := _lexer(self.language)) is None:
            return ((line, self.base),)
        if self._open_comment:
            return self._in_comment(line)
        runs = self._lex(lexer, line)
        if "/*" in line and "*/" not in line[line.rindex("/*") :]:
            self._open_comment = self._begins_comment(lexer, line)
            if self._open_comment:
                start = line.rindex("/*")
                self._stack = ["root"]
                return (*self._lex(lexer, line[:start]), (line[start:], both(self.base, "comment")))
        return runs

    def _in_comment(self, line: str) -> Runs:
        look = both(self.base, "comment")
        end = line.find("*/")
        if end < 0:
            return ((line, look),)
        self._open_comment = False
        return ((line[: end + 2], look), *self.paint(line[end + 2 :]))

    def _begins_comment(self, lexer: Lexer, line: str) -> bool:
        """Whether the last `/*` of `line` opens a comment in this language: closed at once, it would be one."""
        closed = list(lexer.get_tokens_unprocessed(line + "*/"))
        at, token, text = closed[-1]
        return _look(token) == "comment" and text.startswith("/*") and at == line.rindex("/*")

    def _lex(self, lexer: Lexer, line: str) -> Runs:
        if not line:
            return ()
        steps = _steps(self.language)
        found = (
            lexer.get_tokens_unprocessed(line + "\n")
            if steps is None
            else _walk(lexer, steps, line + "\n", self._stack)
        )
        runs: list[Run] = []
        at = 0
        for start, token, text in found:
            piece = text[: max(0, len(line) - start)]
            if start != at or not piece:
                continue
            at += len(piece)
            look = both(self.base, _look(token))
            if runs and runs[-1][1] == look:
                runs[-1] = (runs[-1][0] + piece, look)
            else:
                runs.append((piece, look))
        if at < len(line):
            runs.append((line[at:], self.base))  # a lexer that skips or reorders text must not lose any
        return tuple(runs)
