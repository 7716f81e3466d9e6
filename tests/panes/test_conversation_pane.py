from __future__ import annotations

from typing import get_args

from pane_app import PaneApp, pilot, screen_text, until

from tui.screen.panes.conversation import ConversationPane, TurnRow, TurnState, sign


def rows(n: int) -> list[TurnRow]:
    return [TurnRow(i, "done", f"prompt {i}") for i in range(1, n + 1)]


class Counting(list[TurnRow]):
    """Counts how many rows were looked at."""

    looked = 0

    def __getitem__(self, index):  # type: ignore[no-untyped-def,override]
        Counting.looked += 1
        return super().__getitem__(index)

    def __iter__(self):  # type: ignore[no-untyped-def]
        raise AssertionError("nobody may walk through all turns")


def test_every_state_has_a_sign_of_its_own() -> None:
    signs = [sign(state)[0] for state in get_args(TurnState)]
    assert len(set(signs)) == len(signs)


@pilot
async def test_turns_are_listed_with_number_sign_and_start() -> None:
    pane = ConversationPane()
    async with PaneApp(pane).run_test(size=(60, 12)) as p:
        pane.rows = (
            TurnRow(9, "done", "日本の四季について教えてください"),
            TurnRow(10, "queued", "a\x1b[31m\nb [bold]"),
        )
        await p.pause()
        text = screen_text(p.app)
        assert "Conversation" in text[0]
        assert "▸  9 ✓ 日本の四季につ…" in text[1]
        assert "  10 … a␛[31m b [bold]" in text[2]


@pilot
async def test_an_empty_conversation_says_so() -> None:
    async with PaneApp(ConversationPane()).run_test(size=(60, 12)) as p:
        assert any("Nothing asked yet" in line for line in screen_text(p.app))
        await p.press("tab", "down", "enter", "end", "pageup")
        assert p.app.posted == []


@pilot
async def test_every_key_moves_and_tells_where() -> None:
    pane = ConversationPane()
    async with PaneApp(pane).run_test(size=(60, 12)) as p:  # ten rows are visible
        pane.rows = rows(100)
        pane.focus()
        for key, index in (
            ("down", 1),
            ("j", 2),
            ("k", 1),
            ("up", 0),
            ("pagedown", 9),
            ("end", 99),
            ("pageup", 90),
            ("home", 0),
        ):
            await p.press(key)
            assert pane.selected == index, key
            assert p.app.of(ConversationPane.Chosen)[-1].index == index
            await until(p, lambda: any("▸" in line for line in screen_text(p.app)), f"the selection after {key}")
        told = len(p.app.of(ConversationPane.Chosen))
        await p.press("up")
        assert len(p.app.of(ConversationPane.Chosen)) == told, "it did not move"
        await p.press("down", "enter")
        assert [m.index for m in p.app.of(ConversationPane.Entered)] == [1]


@pilot
async def test_set_from_above_it_shows_and_says_nothing() -> None:
    pane = ConversationPane()
    async with PaneApp(pane).run_test(size=(60, 12)) as p:
        pane.rows = rows(50)
        pane.selected = 40
        await until(p, lambda: any("▸ 41 ✓ prompt 41" in line for line in screen_text(p.app)))
        pane.selected = 4_000
        assert pane.selected == 49
        pane.rows = rows(3)
        assert pane.selected == 2
        await until(p, lambda: any("▸ 3 ✓ prompt 3" in line for line in screen_text(p.app)))
        assert p.app.posted == []


@pilot
async def test_ten_thousand_turns_cost_what_is_visible() -> None:
    pane = ConversationPane()
    async with PaneApp(pane).run_test(size=(60, 12)) as p:
        many = Counting(rows(10_000))
        pane.rows = many
        pane.focus()
        await p.pause()
        Counting.looked = 0
        await p.press("end")
        await until(p, lambda: any("prompt 10000" in line for line in screen_text(p.app)))
        many.append(TurnRow(10_001, "live", "one more"))
        pane.rows = many
        pane.selected = 10_000
        await until(p, lambda: any("⟳ one more" in line for line in screen_text(p.app)))
        assert 0 < Counting.looked < 500
