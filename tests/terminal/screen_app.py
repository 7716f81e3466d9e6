"""The child at the other end of a test's pty: a small app on our display, moved by commands on a socket.

Run as `python screen_app.py FD-or-socket [stock] [reply]`. Not a test.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tui.screen.terminal.environment import prepare_environment

prepare_environment()

from textual import events  # noqa: E402
from textual.app import App, ComposeResult  # noqa: E402
from textual.containers import VerticalScroll  # noqa: E402
from textual.drivers.linux_driver import LinuxDriver  # noqa: E402
from textual.geometry import Offset  # noqa: E402
from textual.screen import ModalScreen  # noqa: E402
from textual.widgets import Footer, Static, TextArea  # noqa: E402

from tui.clock import RealClock  # noqa: E402
from tui.screen.terminal.display import UnbrokenDisplay  # noqa: E402
from tui.screen.terminal.signals import install_signals  # noqa: E402

CLOCK = RealClock()


class Box(ModalScreen[None]):
    CSS = "Box { align: center middle; } #box { width: 30; height: 7; border: round red; }"

    def compose(self) -> ComposeResult:
        yield Static("a modal 箱 with an emoji 😀 in it", id="box", markup=False)


class Prompt(TextArea):
    """Tells its app what arrived."""

    def on_key(self, event: events.Key) -> None:
        told(self.app).append(event.key)

    def on_paste(self, event: events.Paste) -> None:
        told(self.app).append(f"paste {event.text}")


def told(app: App[int]) -> list[str]:
    return getattr(app, "told", [])


class Pages:
    """What both apps show, and the commands."""

    CSS = """
    #left { width: 24; border: solid green; }
    #log { border: round blue; }
    #low { height: 5; }
    Input { height: 3; }
    """
    BINDINGS = [("ctrl+t", "nothing", "Test")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="left"):
            yield Static("\n".join(f"row {n} 行" for n in range(100)), id="rows", markup=False)
        with VerticalScroll(id="log"):
            yield Static("", id="text", markup=False)
        prompt = Prompt(id="low")
        prompt.cursor_blink = False
        yield prompt
        yield Footer()


class Ours(Pages, UnbrokenDisplay[int]):
    CSS = Pages.CSS + "Screen { layout: grid; grid-size: 2; grid-columns: 24 1fr; grid-rows: 1fr 5; }"

    def __init__(self, link: Link) -> None:
        super().__init__()
        self.link = link
        self.told: list[str] = []
        self.lost = asyncio.Event()

    def terminal_lost(self) -> None:
        self.lost.set()
        self.exit(7, return_code=7)

    def on_mount(self) -> None:
        self.query_one("#low").focus()
        self.link.start(self)


class Stock(Pages, App[int]):
    CSS = Ours.CSS

    def __init__(self, link: Link) -> None:
        super().__init__(driver_class=Counted)
        self.link = link

    def on_mount(self) -> None:
        self.query_one("#low").focus()
        self.link.start(self)


class Counted(LinuxDriver):
    count = 0

    def write(self, data: str) -> None:
        Counted.count += len(data.encode())
        super().write(data)


class Link:
    """The socket to the test."""

    def __init__(self, where: str) -> None:
        """`where`: the number of an open descriptor, or the path of a socket."""
        if where.isdecimal():
            self.socket = socket.socket(fileno=int(where))
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(where)
        self.socket.setblocking(False)
        self.app: App[int] | None = None
        self.beats = 0
        self.tasks: list[asyncio.Task[None]] = []

    def start(self, app: App[int]) -> None:
        self.app = app
        self.tasks = [asyncio.create_task(self.obey()), asyncio.create_task(self.beat())]

    async def beat(self) -> None:
        """What must go on whatever the terminal does."""
        while True:
            await CLOCK.sleep(0.01)
            self.beats += 1

    async def obey(self) -> None:
        reader, _ = await asyncio.open_connection(sock=self.socket.dup())
        while line := await reader.readline():
            command = json.loads(line)
            handler: Callable[..., Awaitable[dict[str, object]]] = getattr(self, f"do_{command.pop('do')}")
            self.say(**await handler(**command))

    def say(self, **answer: object) -> None:
        self.socket.send(json.dumps(answer).encode() + b"\n")

    async def settled(self) -> dict[str, object]:
        """Once the terminal has been given what the compositor would show; all of it."""
        app = self.app
        assert app is not None
        rows: list[str] = []
        for _ in range(500):
            await CLOCK.sleep(0.02)
            rows = [strip.text for strip in app.screen._compositor.render_strips()]
            if not isinstance(app, Ours):
                break
            wanted = ["".join(c[0] for c in app._cells([s]) if c) for s in app.screen._compositor.render_strips()]
            if app._canvas and app._canvas.text() == wanted and app._driver.idle and not app._canvas._touched:
                break
        written = app.bytes_written if isinstance(app, Ours) else Counted.count
        cursor = list(app.cursor_position)
        return {"rows": rows, "written": written, "cursor": cursor, "told": told(app)}

    async def do_show(self) -> dict[str, object]:
        return await self.settled()

    async def do_text(self, text: str) -> dict[str, object]:
        self.app.query_one("#text", Static).update(text)
        return await self.settled()

    async def do_scroll(self, to: int) -> dict[str, object]:
        self.app.query_one("#left").scroll_to(y=to, animate=False)
        return await self.settled()

    async def do_modal(self) -> dict[str, object]:
        await self.app.push_screen(Box())
        return await self.settled()

    async def do_back(self) -> dict[str, object]:
        await self.app.pop_screen()
        return await self.settled()

    async def do_prompt(self, text: str) -> dict[str, object]:
        self.app.query_one(TextArea).text = text
        return await self.settled()

    async def do_cursor(self, x: int, y: int) -> dict[str, object]:
        self.app.place_cursor(Offset(x, y))
        return await self.settled()

    async def do_stream(self, pieces: list[str]) -> dict[str, object]:
        """A reply as it streams: 10 pieces a second of a faster clock, each drawn."""
        text = self.app.query_one("#text", Static)
        before = (await self.settled())["written"]
        shown = ""
        for piece in pieces:
            shown += piece
            text.update(shown)
            await self.settled()
        after = await self.settled()
        return {"cost": after["written"] - before, **after}

    async def do_flood(self, beats: int) -> dict[str, object]:
        """Draw all the time for so many beats; what the terminal took, and how the queue looks."""
        app, start = self.app, self.beats
        text = app.query_one("#text", Static)
        while self.beats < start + beats:
            text.update("\n".join(f"{self.beats * n:x} " * 30 for n in range(99, 130)))
            app.copy_to_clipboard(f"copy {self.beats}")
            app.bell()
            await CLOCK.sleep(0.01)
        waiting = app._driver._writer._outbox._waiting
        return {"beats": self.beats - start, "idle": app._driver.idle, "waiting": len(waiting), "written": 0}

    async def do_crash(self) -> dict[str, object]:
        secret = "hs_" + "a1B2" * 10
        self.app.call_later(self.fail, secret)
        return {"written": 0}

    def fail(self, secret: str) -> None:
        raise LookupError(f"no such key: {secret}")

    async def do_exit(self) -> dict[str, object]:
        self.app.exit(5, return_code=5)
        return {"written": 0}


async def reply(app: Ours, link: Link) -> None:
    """An answer that goes on after the terminal is lost: until the test says so."""
    await app.lost.wait()
    began = time.process_time()
    link.say(lost=True)
    loop = asyncio.get_running_loop()
    await loop.sock_recv(link.socket, 100)
    link.say(finished=True, cpu=time.process_time() - began)


async def main() -> int:
    link = Link(sys.argv[1])
    if "stock" in sys.argv:
        stock = Stock(link)
        await stock.run_async()
        return stock.return_code or 0
    app = Ours(link)
    app.crash_log = Path(os.environ["CRASH_LOG"]) if "CRASH_LOG" in os.environ else None
    install_signals(asyncio.get_running_loop(), app.terminal_lost, app.exit)
    task = asyncio.create_task(reply(app, link)) if "reply" in sys.argv else None
    await app.run_async()
    link.say(ended=True)
    for other in link.tasks:
        other.cancel()
    if task is not None:
        await task
    print("the last line")  # noqa: T201  what a command says when its screen is gone
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
