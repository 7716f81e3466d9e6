from __future__ import annotations

from hypothesis import given as given_texts
from hypothesis import strategies as st
from pane_app import PaneApp, pilot, screen_text, until
from textual import events

from tui.cli.redact import redact
from tui.screen.dialogs.choice import ChoiceList
from tui.screen.dialogs.field import Field
from tui.screen.dialogs.first_run import FirstRunDialog, begins_key, sendable
from tui.words import Key

GOOD = "hs_" + "a1B2" * 8
PATH = "/home/user/.config/unbroken/config.toml"


def shows(app: PaneApp, words: str) -> bool:
    return words in " ".join(" ".join(line.strip(" │") for line in screen_text(app)).split())


async def opened(p, ended: list[object]) -> FirstRunDialog:  # type: ignore[no-untyped-def]
    dialog = FirstRunDialog(PATH)
    p.app.push_screen(dialog, ended.append)
    await until(p, lambda: shows(p.app, "Three ways"), "the dialog")
    return dialog


def given(app: PaneApp) -> list[tuple[str, bool]]:
    return [(m.key.reveal(), m.anyway) for m in app.of(FirstRunDialog.KeyGiven)]


@pilot
async def test_it_says_where_a_key_comes_from_and_how_to_set_it() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        await opened(p, [])
        assert shows(p.app, "https://www.holysheep.ai/register")
        assert shows(p.app, "export HOLYSHEEP_API_KEY='your-key-here'")


@pilot
async def test_whoever_wants_the_last_conversation_is_told_how_to_read_it() -> None:
    async with PaneApp().run_test(size=(80, 28)) as p:
        p.app.push_screen(FirstRunDialog(PATH, continues=True))
        await until(p, lambda: shows(p.app, "`unbroken history show` shows the last one without a key."))


@pilot
async def test_a_good_key_is_given_once_and_never_shown() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        dialog = await opened(p, [])
        await p.press("enter", *GOOD)
        await until(p, lambda: shows(p.app, "Enter tests it"))
        assert GOOD not in "".join(screen_text(p.app))
        assert GOOD[:8] not in p.app.export_screenshot()
        await p.press("enter", "enter")
        assert given(p.app) == [(GOOD, False)]
        await until(p, lambda: shows(p.app, "Testing the key"))
        dialog.tell("accepted")
        await until(p, lambda: shows(p.app, "✓ The provider accepts the key."))


@pilot
async def test_another_form_is_a_warning_not_a_refusal() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        await opened(p, [])
        await p.press("enter", *"sk-abc")
        await until(p, lambda: shows(p.app, "! Unlike the usual form"))
        await p.press("enter")
        assert given(p.app) == [("sk-abc", False)]


@pilot
async def test_what_no_header_can_carry_is_not_given() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        await opened(p, [])
        await p.press("enter", *"hs_キー", "enter")
        await until(p, lambda: shows(p.app, "✗ This cannot be a key"))
        assert given(p.app) == []
    assert not sendable("")
    assert not sendable("a b")
    assert sendable(GOOD)


@pilot
async def test_a_refused_key_can_be_replaced() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        dialog = await opened(p, [])
        await p.press("enter", *"one", "enter")
        dialog.tell("refused", "401 \x1b[31mno")
        await until(p, lambda: shows(p.app, "(401 ␛[31mno)"))
        await p.press("enter")
        assert given(p.app) == [("one", False)], "an empty field gives nothing"
        await p.press(*"two", "enter")
        assert given(p.app) == [("one", False), ("two", False)]


@pilot
async def test_a_key_that_could_not_be_tested_may_be_used_all_the_same() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        dialog = await opened(p, [])
        await p.press("enter", *"one", "enter")
        dialog.tell("unreachable", "ConnectTimeout")
        await until(p, lambda: shows(p.app, "could not be tested"))
        await p.press("enter")
        assert given(p.app) == [("one", False), ("one", True)]


@pilot
async def test_typing_beside_the_field_is_typing_a_key() -> None:
    async with PaneApp().run_test(size=(80, 30)) as p:
        dialog = await opened(p, [])
        await p.press("h", "s", "_")
        field = dialog.query_one(Field)
        await until(p, lambda: field.value == "hs_" and field.has_focus)
        await p.press("1")
        await until(p, lambda: field.value == "hs_1")


@pilot
async def test_a_paste_anywhere_is_a_key() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        dialog = await opened(p, [])
        await p.press("down")
        dialog.query_one(ChoiceList).post_message(events.Paste(f" {GOOD}\n"))
        await until(p, lambda: dialog.query_one(Field).value == GOOD)
        await until(p, lambda: shows(p.app, "Enter tests it"))
        await p.press("enter")
        assert given(p.app) == [(GOOD, False)]


@pilot
async def test_the_key_cannot_be_copied_out_of_the_field() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        dialog = await opened(p, [])
        await p.press("enter", *"secret", "shift+home", "ctrl+c")
        assert p.app.clipboard == ""
        await p.press("ctrl+x")
        assert p.app.clipboard == ""
        assert dialog.query_one(Field).value == ""


@pilot
async def test_the_local_model_says_what_it_is_and_shows_its_progress() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        dialog = await opened(p, [])
        await p.press("down")
        await until(p, lambda: shows(p.app, "SmolLM2-135M") and shows(p.app, "93 MB") and shows(p.app, "demonstration"))
        assert p.app.of(FirstRunDialog.LocalWanted) == []
        await p.press("enter", "enter")
        assert len(p.app.of(FirstRunDialog.LocalWanted)) == 1, "it is on its way"
        dialog.progress(0.43, "40 of 93 MB")
        await until(p, lambda: shows(p.app, "▓" * 10 + "░" * 14 + " 43% 40 of 93 MB"))
        dialog.progress(None, "checking")
        await until(p, lambda: shows(p.app, "checking"))
        dialog.trouble("No space left. Nothing was installed.")
        await until(p, lambda: shows(p.app, "✗ No space left."))
        await p.press("enter")
        assert len(p.app.of(FirstRunDialog.LocalWanted)) == 2


@pilot
async def test_what_is_typed_while_the_local_model_comes_is_the_first_prompt() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        ended: list[object] = []
        dialog = await opened(p, ended)
        await p.press("2", "enter", *"2+2?")
        await until(p, lambda: shows(p.app, "2+2?") and shows(p.app, "Enter asks once the model is there"))
        assert dialog.first_prompt == ("2+2?", False)
        await p.press("escape", "x")
        assert dialog.first_prompt == ("2+2?x", False), "beside the field too"
        await p.press("enter")
        await until(p, lambda: shows(p.app, "✓ asked as soon as the model is there"))
        assert dialog.first_prompt == ("2+2?x", True)
        await p.press("backspace")
        assert dialog.first_prompt == ("2+2?", False), "it is being written again"
        dialog.trouble("No space left.")
        await p.press("enter")
        assert len(p.app.of(FirstRunDialog.LocalWanted)) == 2
        await p.press("escape", "1", "h")
        assert dialog.query_one("#first-field", Field).value == "h", "elsewhere it is a key"
        assert dialog.first_prompt == ("2+2?", False)
        assert given(p.app) == []
        assert ended == []


@pilot
async def test_a_key_that_comes_where_the_first_prompt_is_written_is_hidden_and_never_asked() -> None:
    for before in ("", "2+2?"):
        for pasted in (False, True):
            async with PaneApp().run_test(size=(80, 24)) as p:
                dialog = await opened(p, [])
                await p.press("2", "enter", *before)
                field = dialog.query_one("#first-field", Field)
                if pasted:
                    dialog.query_one("#first-prompt", Field).post_message(events.Paste(f" {GOOD}\n"))
                elif before:
                    await p.press("up", "1", *GOOD)
                else:
                    await p.press(*GOOD)
                await until(p, lambda field=field: field.value == GOOD and field.has_focus)
                assert dialog.first_prompt == (before, False)
                assert GOOD[:8] not in p.app.export_screenshot()
                await p.press("enter")
                assert given(p.app) == [(GOOD, False)]


@given_texts(prefix=st.sampled_from(["hs_", "sk-", "sk_", "HS_"]), rest=st.text("abcXYZ019_-", min_size=6, max_size=40))
def test_what_reports_leave_out_as_a_key_begins_one_from_its_prefix_on(prefix: str, rest: str) -> None:
    assert prefix + rest not in redact(prefix + rest)
    for end in range(len(prefix), len(prefix + rest) + 1):
        assert begins_key((prefix + rest)[:end])
    assert not begins_key(f"{prefix}{rest} what is it?")
    assert not begins_key(prefix[:2])


@pilot
async def test_escape_from_a_first_prompt_goes_back_while_something_is_written() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        ended: list[object] = []
        await opened(p, ended)
        await p.press("2", "enter")
        await until(p, lambda: shows(p.app, "↑ other ways · Esc quits"))
        await p.press("x", "escape")
        await until(p, lambda: shows(p.app, "Enter chooses"))
        assert ended == []
        await p.press("enter", "backspace")
        await until(p, lambda: shows(p.app, "↑ other ways · Esc quits"))
        await p.press("escape")
        await until(p, lambda: ended == [None])


@pilot
async def test_a_number_chooses_and_begins_nothing() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        dialog = await opened(p, [])
        await p.press("2")
        await until(p, lambda: shows(p.app, "SmolLM2-135M"))
        await p.press("3", "1", "2")
        assert dialog.query_one(ChoiceList).selected == 1
        assert p.app.of(FirstRunDialog.LocalWanted) == []
        await p.press("enter")
        assert len(p.app.of(FirstRunDialog.LocalWanted)) == 1


@pilot
async def test_it_says_what_escape_does_and_a_first_one_is_seen() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        ended: list[object] = []
        dialog = await opened(p, ended)
        await until(p, lambda: shows(p.app, "Esc quits") and shows(p.app, "Enter, then paste the key here"))
        await p.press("enter")
        await until(p, lambda: shows(p.app, "Esc goes back") and shows(p.app, "paste the key, then Enter"))
        await p.press(*"one", "enter")
        dialog.tell("unreachable", "ConnectTimeout")
        await until(p, lambda: shows(p.app, "could not be tested"))
        await p.press("escape")
        await until(p, lambda: shows(p.app, "Esc quits") and not shows(p.app, "could not be tested"))
        assert ended == []
        await p.press("enter", "enter")
        assert given(p.app) == [("one", False)], "what is not said any more is not done"


@pilot
async def test_the_third_way_names_the_file() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        await opened(p, [])
        await p.press("3")
        await until(p, lambda: shows(p.app, PATH) and shows(p.app, "[providers.mine]"))


@pilot
async def test_escape_goes_back_and_then_out() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        ended: list[object] = []
        dialog = await opened(p, ended)
        await p.press("enter", "1", "escape")
        assert dialog.query_one(Field).value == "1", "in the field, digits are text"
        assert dialog.query_one(ChoiceList).has_focus
        await p.press("escape")
        assert ended == [None]


def test_a_key_in_a_message_cannot_be_printed() -> None:
    assert GOOD not in repr(vars(FirstRunDialog.KeyGiven(Key(GOOD), anyway=False)))
