"""What stands around a reply in the Output pane, as rows: the prompt, reasoning, notices, queued prompts, seams.

Pure: words and widths in, rows out.
"""

from __future__ import annotations

from collections.abc import Sequence

from tui.plain import one_line, plain
from tui.say import say
from tui.screen.markdown.layout import Mark
from tui.screen.markdown.rows import Row, Runs
from tui.screen.markdown.wrap import cells, rows_of
from tui.words import SeamMark

LONGEST_PROMPT = 8_000
"""Code points of a prompt that are shown; a pasted file is not laid out whole."""
_PROMPT_LEAD: tuple[Runs, Runs] = ((("› ", "prompt"),), (("  ", "pad"),))


def prompt_rows(prompt: str, width: int) -> list[Row]:
    """What was asked, line by line as it was typed."""
    if not prompt:
        return []
    text = plain(prompt[:LONGEST_PROMPT]).strip("\n").expandtabs(4)
    rows = rows_of(((text, "prompt"),), max(1, width - 2), *_PROMPT_LEAD)
    if len(prompt) > LONGEST_PROMPT:
        more = say("output.prompt_more", count=f"{len(prompt) - LONGEST_PROMPT:,}")
        rows += rows_of(((more, "notice"),), max(1, width - 2), _PROMPT_LEAD[1], _PROMPT_LEAD[1])
    return [*rows, Row()]


def reasoning_rows(reasoning: str, width: int) -> list[Row]:
    """The last line of what the model thinks, as much of its end as fits."""
    lines = plain(reasoning[-1000:]).strip().splitlines()
    if not lines:
        return []
    line = one_line(lines[-1], 1000)
    room = width - cells(say("output.thinking", line=""))
    if cells(line) > room:
        while line and cells(line) >= room:
            line = line[max(1, (cells(line) - room) // 2) :]
        line = "…" + line
    text = say("output.thinking", line=line)
    return [Row((), ((text, "reasoning"),))]


def note_rows(notices: Sequence[str], queued: Sequence[str], width: int) -> list[Row]:
    """Lines after the answer, and the prompts that wait."""
    rows: list[Row] = []
    for notice in notices:
        rows += rows_of(((plain(notice).expandtabs(4), "notice"),), width)
    if queued and rows:
        rows.append(Row())
    for prompt in queued:
        text = say("output.queued", prompt=one_line(prompt, 200))
        rows += rows_of(((text, "queued"),), max(1, width - 2), (("» ", "queued"),), (("  ", "pad"),))
    return [Row(), *rows] if rows else []


def welcome_rows(width: int) -> list[Row]:
    """What is shown before the first turn: what this is, and its keys."""
    rows = rows_of(((say("output.welcome_title"), "h1"),), width)
    for name in ("output.welcome_what", "output.welcome_start"):
        rows += [Row(), *rows_of(((say(name), ""),), width)]
    rows.append(Row())
    for line in say("output.welcome_keys").split("\n"):
        key, _, meaning = line.partition("  ")
        lead = ((key.ljust(8), "key"),)
        rows += rows_of(((meaning.strip(), ""),), max(1, width - 8), lead, ((" " * 8, "pad"),))
    return rows


def seam_mark(seam: SeamMark, at: int) -> Mark:
    """The row of a seam; `at` counts code points of the text as it is shown."""
    before, after = (one_line(model, 60) for model in seam.models)
    how: str = seam.how
    if before != after:
        how = say("output.seam_models", how=how, before=before, after=after)
    name = "seam" if seam.verified else "seam-open"
    phrase = "output.seam" if seam.verified else "output.seam_open"
    text = say(phrase, gap=f"{seam.gap:.1f}", how=how)
    return Mark(at, ((text, name),), name)
