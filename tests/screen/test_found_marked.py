"""What was searched for is marked where it stands: in the rows of the search, and in the turn that it opens."""

from __future__ import annotations

from pathlib import Path

from breaking_provider import settings
from live_app import Live, live
from test_app import scene
from test_conversing import LONG, answers, ask
from textual.widget import Widget

from tui.screen.dialogs.conversations import ConversationsDialog, Rows

CODE = "Look:\n\n```python\n" + "x = 1\n" * 50 + "def Blossom(): pass  # 咲く\n```\n"


def marked(widget: Widget, attribute: str) -> list[str]:
    """What `widget` shows on the screen in a way that is seen without colour, too."""
    strips = [widget.render_line(y) for y in range(widget.size.height)]
    return [
        segment.text
        for strip in strips
        for segment in strip
        if segment.text.strip() and segment.style is not None and getattr(segment.style, attribute)
    ]


async def jump(screen: Live, *keys: str) -> None:
    """Search, and open the first hit."""
    await screen.pilot.press("f3", *keys, "enter")
    await screen.until(lambda: not isinstance(screen.app.screen, ConversationsDialog))


@scene
async def test_a_hit_is_marked_until_escape_or_the_next_prompt(tmp_path: Path) -> None:
    with answers(LONG, "Nothing of the kind.") as server:
        async with live(settings(tmp_path, server.url)) as screen:
            output = screen.app.output
            await ask(screen, "Tell of plums", "end. end.")
            await jump(screen, "梅")
            await screen.until(lambda: marked(output, "reverse") == ["梅"])
            await screen.pilot.resize_terminal(60, 20)
            await screen.until(lambda: marked(output, "reverse") == ["梅"])
            await screen.pilot.press("escape")
            await screen.until(lambda: marked(output, "reverse") == [])
            assert "Here blooms" in screen.text(), "it stays where it was read"
            await jump(screen, *"BLOOMS")
            await screen.until(lambda: marked(output, "reverse") == ["blooms"])
            await ask(screen, "Go on", "Nothing of the kind.")
            assert marked(output, "reverse") == []
            await screen.pilot.resize_terminal(120, 36)
            screen.app.conversation.focus()
            await screen.pilot.press("up")
            await screen.shows("› Tell of plums", "Paragraph")
            assert marked(output, "reverse") == []


@scene
async def test_a_hit_in_code_and_one_in_a_prompt(tmp_path: Path) -> None:
    with answers(CODE) as server:
        async with live(settings(tmp_path, server.url), size=(80, 24)) as screen:
            output = screen.app.output
            await ask(screen, "Ｓｈｏｗ me the 花", "Blossom")
            await jump(screen, *"blossom")
            await screen.until(lambda: marked(output, "reverse") == ["Blossom"])
            await jump(screen, "咲")
            await screen.until(lambda: marked(output, "reverse") == ["咲"])
            await jump(screen, *"show")
            await screen.until(lambda: marked(output, "reverse") == ["Ｓｈｏｗ"])
            assert output.scroll_offset.y == 0


@scene
async def test_the_row_that_is_selected_shows_its_hit_as_the_others_do(tmp_path: Path) -> None:
    with answers("A plum.", "Another plum.") as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await ask(screen, "One", "A plum.")
            await ask(screen, "Two", "Another plum.")
            await screen.pilot.press("f3", *"plum")
            rows = screen.app.screen.query_one(Rows)
            await screen.until(lambda: marked(rows, "underline") == ["plum", "plum"])
