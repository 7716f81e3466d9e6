"""Emphasis, code, links: what stands inside a block. markdown-it's inline rules, so that nothing of the text is lost.

Raw HTML and entities stay as they were written, line breaks stay line breaks, a link shows its target.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from tui.screen.markdown.rows import Run, Runs, both
from tui.screen.markdown.wrap import wide

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_MARKUP = re.compile(r"[\\`*_~\[\]!<]")
"""Text without any of these is plain."""
_LITERAL_ESCAPES = frozenset("()[]\n")
"""A backslash before these stays: they are how models write formulas, and shell lines that go on."""
_LOOKS = {"strong_open": "strong", "em_open": "em", "s_open": "strike", "link_open": "link"}


def _escape(state: StateInline, silent: bool) -> bool:
    """Markdown's escape rule, but the backslash stays where it may be meant."""
    at = state.pos + 1
    if state.src[state.pos] != "\\" or at >= state.posMax:
        return False
    character = state.src[at]
    punctuation = character.isascii() and not character.isalnum() and not character.isspace()
    if not punctuation and character != "\n":
        return False
    if not silent:
        token = state.push("text", "", 0)
        token.content = ("\\" if character in _LITERAL_ESCAPES else "") + character
    state.pos = at + 1
    return True


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt, helpers

    class Verbatim(MarkdownIt):
        """Shows addresses as they were written: nothing here is opened, all of it is read."""

        def normalizeLink(self, url: str) -> str:  # noqa: N802  markdown-it's name
            return url

        def normalizeLinkText(self, link: str) -> str:  # noqa: N802
            return link

    class Literal:
        """markdown-it's readers of a link's parts, without decoding entities and escapes in them."""

        parseLinkLabel = staticmethod(helpers.parseLinkLabel)  # noqa: N815

        @staticmethod
        def parseLinkDestination(source: str, at: int, end: int) -> object:  # noqa: N802
            found = helpers.parseLinkDestination(source, at, end)
            if found.ok:
                text = source[at : found.pos]
                found.str = text[1:-1] if text.startswith("<") else text
            return found

        @staticmethod
        def parseLinkTitle(source: str, at: int, end: int, before: None = None) -> object:  # noqa: N802
            found = helpers.parseLinkTitle(source, at, end, before)
            if found.ok:
                # With its own quotes, for they are shown.
                found.str = source[at : found.pos] if found.pos - at > 2 else ""
            return found

    parser = Verbatim("gfm-like", {"html": False, "linkify": False})
    parser.disable(["linkify", "html_inline", "entity"])
    parser.inline.ruler.at("escape", _escape)
    setattr(parser, "helpers", Literal)  # noqa: B010  declared as the module, used as a namespace
    return parser


@cache
def _state_class() -> type[StateInline]:
    from markdown_it.rules_inline.state_inline import Scanned, StateInline

    class WideState(StateInline):
        """Emphasis beside Japanese: CommonMark leaves `**「春」**です` with its stars, for there are no spaces."""

        def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803  markdown-it's names
            found = super().scanDelims(start, canSplitWord)
            end = start + found.length
            if not canSplitWord or start == 0 or end >= self.posMax:
                return found
            before, after = self.src[start - 1], self.src[end]
            if not (wide(before) or wide(after)):
                return found
            return Scanned(not after.isspace(), not before.isspace(), found.length)

    return WideState


def _tokens(text: str) -> list[Token]:
    parser = _parser()
    tokens: list[Token] = []
    state = _state_class()(text, parser, {}, tokens)
    parser.inline.tokenize(state)
    for rule in parser.inline.ruler2.getRules(""):
        rule(state)
    return tokens


def _target(token: Token, shown: str) -> str:
    """What a link or picture names, where its text does not say it already."""
    url = str(token.attrs.get("href") or token.attrs.get("src") or "")
    title = str(token.attrs.get("title") or "")
    told = " ".join([part for part in (url, title) if part])
    return "" if not told or (told == shown and not title) else f" ({told})"


def inline(text: str, look: str = "") -> Runs:
    """`text` as runs; newlines in it stay, tabs become spaces."""
    text = text.expandtabs(4)
    if _MARKUP.search(text) is None:
        return ((text, look),) if text else ()
    runs: list[Run] = []
    looks = [look]
    links: list[tuple[Token, int]] = []
    for token in _tokens(text):
        kind = token.type
        if kind in _LOOKS:
            looks.append(both(looks[-1], _LOOKS[kind]))
            if kind == "link_open":
                links.append((token, len(runs)))
        elif token.nesting < 0:
            looks.pop()
            if kind == "link_close":
                opened, since = links.pop()
                auto = opened.markup == "autolink"
                target = "" if auto else _target(opened, "".join([run[0] for run in runs[since:]]))
                runs.append((target, both(looks[-1], "target")))
        elif kind == "code_inline":
            runs.append((token.content, both(looks[-1], "code")))
        elif kind in ("softbreak", "hardbreak"):
            runs.append(("\n", looks[-1]))
        elif kind == "image":
            runs.append((token.content, both(looks[-1], "link")))
            runs.append((_target(token, token.content), both(looks[-1], "target")))
        elif token.content:
            runs.append((token.content, looks[-1]))
    return _joined(runs)


def _joined(runs: list[Run]) -> Runs:
    """Neighbours of one look as one run, empty ones gone."""
    found: list[Run] = []
    for text, look in runs:
        if not text:
            continue
        if found and found[-1][1] == look:
            found[-1] = (found[-1][0] + text, look)
        else:
            found.append((text, look))
    return tuple(found)
