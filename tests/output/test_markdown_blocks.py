"""Blocks are read as markdown-it reads them, though a line at a time."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tui.screen.markdown.blocks import Reader
from tui.screen.markdown.pieces import CodeLine, Prose, Rule, Table, TableMore
from tui.screen.markdown.rows import text_of

LINES = st.sampled_from(
    [
        *["word", "two words", "", "", "- item", "  - nested", "    - deep", "* star", "1. one", "2. two", "10) ten"],
        *["   third", "> quote", "> - in it", ">", "# head", "## head ##", "#no head", "---", "***", "==="],
        *["    indented", "```", "```py", "~~~", "  ```", "| a | b |", "|---|---|", "| c | d |", "- [ ] task", "- > q"],
        *["1. - both", "\tafter a tab", "-\tafter a tab", "-not", "1.not", "１. not", "- - -", "+ plus", "     five"],
    ]
)
Block = tuple[str, str]

PARSER = MarkdownIt("gfm-like", {"html": False, "linkify": False}).disable(["reference", "entity", "linkify"])


def by_markdown_it(text: str) -> list[Block]:
    found: list[Block] = []
    kind = ""
    for token in PARSER.parse(text):
        match token.type:
            case "heading_open":
                kind = token.tag
            case "paragraph_open":
                kind = ""
            case "th_open" | "td_open":
                kind = "cell"
            case "inline":
                found.append((kind, " ".join(token.content.split()).removeprefix("[ ] ")))
            case "fence" | "code_block":
                found += [("code", line.expandtabs(4).strip()) for line in token.content.split("\n")]
            case "hr":
                found.append(("rule", ""))
    return [block for block in found if block[1] or block[0] == "rule"]


def by_us(text: str) -> list[Block]:
    reader = Reader()
    for line in text.split("\n"):
        reader.line(line, 0)
    reader.end()
    found: list[Block] = []
    for piece in reader.out:
        match piece:
            case Rule():
                found.append(("rule", ""))
            case CodeLine(runs=runs):
                if not runs or runs[0][1] != "fence-label":
                    found.append(("code", text_of(runs).strip()))
            case Table(head=head, lines=lines):
                found += [("cell", text_of(cell)) for line in (head, *lines) for cell in line.cells]
            case TableMore(line=line):
                found += [("cell", text_of(cell)) for cell in line.cells]
            case Prose(runs=runs):
                look = runs[0][1] if runs else ""
                found.append((look if look.startswith("h") else "", " ".join(text_of(runs).split())))
    return [block for block in found if block[1] or block[0] == "rule"]


@given(st.lists(LINES, max_size=12).map("\n".join))
@settings(max_examples=400, deadline=None)
@example("- a\n\n  b\n\n      code\n- c")
@example("> a\nlazy\n\nnot")
@example("a\n2. not a list\n1. a list")
@example("a\n- \nb")
def test_blocks_are_those_of_markdown_it(text: str) -> None:
    assert by_us(text) == by_markdown_it(text + "\n")
