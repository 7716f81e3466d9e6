"""The questions with a few answers, in the smallest terminal too: every answer is there, with its key."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pane_app import PaneApp, pilot, screen_text, until

from tui.journal.trouble import JournalTrouble
from tui.say import say, speak
from tui.screen.dialogs.choice import ChoiceDialog, ChoiceList
from tui.screen.dialogs.choose_wait import ChooseWait
from tui.screen.dialogs.leave import LeaveDialog, UnsavedDialog
from tui.screen.dialogs.left_behind import InterruptedDialog, UnsentDialog
from tui.words import Fault


@pytest.fixture(params=["en", "ja"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    language: str = request.param
    speak(language)
    yield language
    speak("en")


QUESTIONS: dict[str, Callable[[], ChoiceDialog[str]]] = {
    "interrupted": lambda: InterruptedDialog("Spring, please, and the other seasons too", "some-large-model", 1234, 2),
    "unsent": lambda: UnsentDialog("Spring, please, and the other seasons too", 3),
    "leave": LeaveDialog,
    "unsaved": lambda: UnsavedDialog(JournalTrouble("full", "").sentence(), 3),
    "long wait": lambda: ChooseWait(
        Fault("rate-limit", permanent=False, wait=4000.0), "some-large-model", lambda: 4000.0
    ),
    "retries": lambda: ChooseWait(
        Fault("retry-budget", permanent=False, wait=400.0), "some-large-model", lambda: 400.0
    ),
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(("width", "height"), [(40, 12), (80, 24)])
def test_every_answer_to_a_question_is_there_with_its_key(
    language: str, width: int, height: int, question: str
) -> None:
    """Whole where there is room; what is longer than the smallest terminal says that it goes on."""

    @pilot
    async def play() -> None:
        async with PaneApp().run_test(size=(width, height)) as p:
            dialog = QUESTIONS[question]()
            p.app.push_screen(dialog)
            await p.pause()
            answers = dialog.query_one(ChoiceList)

            def shown() -> list[str]:
                return [line.strip(" │▁▂▃▄▅▆▇█╭╰╯╮─") for line in screen_text(p.app)]

            await until(p, lambda: say("screen.choice_keys") in shown())
            for index in range(answers.row_count()):
                named = "".join(text for text, _ in answers.row(index))
                await until(p, lambda words=named: whole_or_marked(words, shown(), small=width < 60))
                await p.press("down")

    play()


def whole_or_marked(words: str, rows: list[str], *, small: bool) -> bool:
    rows = [row.removeprefix("▸ ") for row in rows]
    return words in rows or (
        small and any(row.endswith("…") and len(row) > 12 and words.startswith(row[:-1]) for row in rows)
    )
