"""Our display away from a terminal: headless, in a browser's hands, and at the end after a bug."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from textual.app import ComposeResult
from textual.geometry import Offset
from textual.widgets import Static

from tui import say
from tui.screen.terminal.crash import report
from tui.screen.terminal.display import UnbrokenDisplay
from tui.screen.terminal.driver import TerminalDriver, TerminalOwner
from tui.screen.terminal.signals import install_signals


class Small(UnbrokenDisplay[None]):
    def compose(self) -> ComposeResult:
        yield Static("hello", markup=False)


def test_headless_is_as_textual_does_it() -> None:
    asyncio.run(headless(Small()))


async def headless(app: Small) -> None:
    async with app.run_test() as pilot:
        app.query_one(Static).update("world")
        await pilot.pause()
        app.place_cursor(Offset(1, 1))
        app.repaint()
        app.hold_mouse(False)
        assert app.bytes_written == 0
        assert app._canvas is None
        await pilot.resize_terminal(40, 10)
        assert app._canvas is None or app._canvas.width == 40


def test_the_driver_is_ours_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEXTUAL_DRIVER", raising=False)
    assert Small().driver_class is TerminalDriver
    monkeypatch.setenv("TEXTUAL_DRIVER", "textual.drivers.web_driver:WebDriver")
    assert Small().driver_class is not TerminalDriver
    assert isinstance(Small(), TerminalOwner)


def crash(secret: str) -> None:
    raise LookupError(f"not accepted: {secret} \x1b[31m")


def test_a_report_has_no_locals_and_no_keys() -> None:
    secret = "hs_" + "k3Y" * 12
    try:
        crash(secret)
    except LookupError as error:
        text = report(error)
    assert "in crash" in text
    assert "not accepted: hs_…" in text
    assert "k3Y" not in text
    assert "\x1b" not in text


async def crashing(app: Small) -> None:
    async with app.run_test() as pilot:
        app.call_later(crash, "x")
        await pilot.pause()


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_crash_that_cannot_be_logged_is_still_one_line(
    tmp_path: Path, language: say.Language, capsys: pytest.CaptureFixture[str]
) -> None:
    say.speak(language)
    app = Small()
    (tmp_path / "file").write_text("")
    app.crash_log = tmp_path / "file" / "crash.log"
    with pytest.raises(LookupError):
        asyncio.run(crashing(app))
    out = capsys.readouterr().err
    assert "LookupError" in out
    assert "Traceback" not in out
    assert "unbroken -c" in out.replace("\n", " ")
    assert app.return_code == 1


def test_signals_are_told_and_given_back() -> None:
    before = signal.getsignal(signal.SIGHUP), signal.getsignal(signal.SIGTERM)
    asyncio.run(signalled())
    assert (signal.getsignal(signal.SIGHUP), signal.getsignal(signal.SIGTERM)) == before


async def signalled() -> None:
    loop = asyncio.get_running_loop()
    hangups, ends = asyncio.Event(), asyncio.Event()
    undo = install_signals(loop, hangups.set, ends.set)
    os.kill(os.getpid(), signal.SIGHUP)
    await hangups.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    await ends.wait()
    undo()
