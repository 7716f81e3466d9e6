"""What is on each picture: a user at the real app, and who answers."""

from __future__ import annotations

import asyncio
import html
import json
import os
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext

from fixtures_local import cache_dir
from model_servers import chunk, frames, stream, tokens
from pane_app import screen_text
from textual import events
from textual.pilot import Pilot
from wire_server import Answer, Seen, WireServer

from tui.chat.session import Session, Wanted
from tui.chat.talk import Sampling
from tui.cli.configured import configured
from tui.cli.screen_run import ready
from tui.clock import RealClock
from tui.local import weights
from tui.paths import config_file
from tui.screen.app import UnbrokenApp

WIDE, SMALL = (120, 36), (80, 24)
"""Columns and rows."""

MODEL = "claude-sonnet-4.5"

BETWEEN = re.compile(r"[\s\u2500-\u259f]+")
"""Space and borders."""

PATIENCE = 90.0
"""Seconds within which what is waited for has come, on a slow machine too."""

SSE = """\
**Server-sent events** are a one-way stream over plain HTTP: the server keeps the response open and writes \
small text frames as they come.

| field | means |
|---|---|
| `data` | the payload; several lines are joined with a newline |
| `event` | a name, `message` where there is none |
| `id` | sent back as `Last-Event-ID` after a reconnect |
| `retry` | how long to wait before that, in milliseconds |

A frame ends with an empty line:

```python
async for line in response.aiter_lines():
    if line.startswith("data:"):
        yield json.loads(line[5:])
```

Chat completions use `data` alone, so a client that wants to go on after a cut has to find the place by itself.
"""

SEASONS = """\
Japan's four seasons are less a calendar than a sequence of small events that people wait for.

**Spring** opens with cherry blossoms. The front moves north from Kyushu in late March to Hokkaido in May, and \
newspapers print its position every morning. Offices send their youngest colleague ahead to keep a place under the \
trees, and the petals are most admired on the day they begin to fall.

**Summer** begins in the rains of June, when hydrangeas turn blue along temple walls. Then it is hot and loud with \
cicadas; wind chimes hang at the eaves, and river towns send up fireworks until the end of August.

**Autumn** runs the other way. The red of the maples comes down from the mountains to the cities between October and \
December, and rice, chestnuts and mushrooms come with it.

**Winter** is dry and bright on the Pacific side and very white on the other. Snow country lives under its roofs, \
and in Tokyo the new year smells of pine and citrus peel.
"""

SHIKI = """\
日本の四季は、暦というより、人びとが待ちわびる小さな出来事の連なりです。

**春**は桜とともに始まります。桜前線は三月の末に九州を発ち、五月に北海道へ届きます。花は散りはじめる日にこそ美しいと言われます。

**夏**は梅雨のあじさいで幕を開け、やがて蝉の声と風鈴の音に包まれます。八月の終わりまで、川辺の町では花火が上がります。

**秋**は山から里へ降りてきます。もみじが色づき、新米、栗、きのこが食卓に並びます。

**冬**の太平洋側は晴れて乾き、日本海側は深い雪に閉ざされます。正月には松と柚子が香ります。
"""

HANAMI = """\
花見は、満開の桜の下で飲み食いをしながら春を祝う習わしです。場所取りは新入社員の仕事とされ、朝早くからシートを広げて待ちます。

夜桜には提灯がともり、昼とは違う顔を見せます。雨の翌日は花びらが水面を埋め、これを花筏と呼びます。
"""

SSE_JA = "サーバーから届く一方通行の流れです。応答を開いたまま、小さな文字の枠を次々に送ります。"

KYOTO = """\
二日なら、初日は東山を歩きます。清水寺から八坂神社まで坂を下り、円山公園のしだれ桜で一休み。

二日目は嵐山へ。竹林は朝八時までが静かです。
"""

JAPANESE = (
    "日本の四季について300文字で教えてください。",
    "花見とは何ですか？",
    "SSEとは何ですか？",
    "京都を二日で見るなら？",
)

OTHERS = {
    "花見とは何ですか？": HANAMI,
    "SSEとは何ですか？": SSE_JA,
    "京都を二日で見るなら？": KYOTO,
    "What is SSE?": SSE,
    "Why is the sky blue?": "Air scatters short waves more than long ones, so blue light reaches you from every side.",
    "日本の四季について300文字で教えてください。": SHIKI,
}


def known_answer(prompt: str) -> str:
    return OTHERS.get(prompt, SEASONS)


class Gateway(WireServer):
    """A provider some way off that has all of the catalog but one model, and one more."""

    def __init__(self, *, breaks: tuple[float, ...] = (), then: Answer | None = None, prompt: str = "") -> None:
        """The answer to `prompt` breaks off at each of these shares of it; after them comes `then`, or the rest."""
        super().__init__(self._reply)
        self._breaks, self._then, self._prompt = list(breaks), then, prompt
        self._dice = random.Random(7)  # noqa: S311  the same distances each time

    async def _write(self, number: int, answer: Answer, *ends: object) -> None:
        # The way there and back: 30 to 46 ms, now and then more.
        far = self._dice.random() < 0.1
        await asyncio.sleep(self._dice.uniform(0.055, 0.075) if far else self._dice.uniform(0.03, 0.046))  # noqa: TID251
        await super()._write(number, answer, *ends)  # type: ignore[arg-type]  # passed on as they came

    def _reply(self, seen: Seen) -> Answer:
        if seen.path.endswith("/models"):
            return self._models()
        messages = seen.json()["messages"]
        assert isinstance(messages, list)
        held = messages[-1]["content"] if messages[-1]["role"] == "assistant" else ""
        prompt = [message["content"] for message in messages if message["role"] == "user"][-1]
        whole = known_answer(prompt)
        rest = whole.removeprefix(held)
        if prompt != self._prompt:
            return self._said(stream(rest, counted=(21, len(tokens(rest)))))
        if self._breaks:
            upto = round(len(whole) * self._breaks.pop(0)) - len(held)
            return self._said(b"".join([chunk({"role": "assistant"}), *frames(rest[:upto])]), end="rst")
        return self._then or self._said(stream(rest, counted=(180, len(tokens(rest)))))

    def _models(self) -> Answer:
        if self._dice.random() < 0.03:
            return Answer(silent=True)
        names = ("claude-sonnet-4-20250514", MODEL, "gpt-4.1", "gpt-4.1-mini", "deepseek-v3.2")
        body = json.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})
        return Answer(body.encode(), headers={"Content-Type": "application/json"}, framing="length")

    def _said(self, body: bytes, end: str = "clean") -> Answer:
        return Answer(body, piece=700, pause=0.004, end=end)  # type: ignore[arg-type]  # a word of the list


GONE = Answer(silent=True, end="rst")


class At:
    """The user at the app."""

    def __init__(self, app: UnbrokenApp, pilot: Pilot[int]) -> None:
        self.app, self.pilot = app, pilot

    def shows(self, *words: str) -> bool:
        """Whether each of `words` stands on the screen, wherever lines break."""
        text = BETWEEN.sub("", "".join(screen_text(self.app)))
        return all(BETWEEN.sub("", word) in text for word in words)

    async def until(self, true: Callable[[], object], what: str) -> None:
        clock = self.app.session.clock
        end = clock.now() + PATIENCE
        while not true():
            if clock.now() > end:
                raise TimeoutError(f"waited in vain for {what}:\n" + "\n".join(screen_text(self.app)))
            await self.pilot.pause(0.01)

    async def ask(self, prompt: str) -> None:
        """Paste and send."""
        before = len(self.app.conversation.rows)
        self.app.prompt.post_message(events.Paste(prompt))
        await self.until(lambda: self.app.prompt.text == prompt, "the prompt")
        await self.pilot.press("enter")
        await self.until(lambda: len(self.app.conversation.rows) > before, "the turn")

    async def answered(self) -> None:
        await self.until(lambda: not self.app.replying and not self.app.output.view.live, "the answer")

    async def probed(self, times: int) -> None:
        await self.until(lambda: len(self.app.connection.probes.samples) >= times, "the probes")

    def picture(self) -> str:
        return self.app.export_screenshot(title="unbroken")

    async def picture_with(self, *words: str) -> str:
        """The picture once `words` stand on it: what lies behind a dialog is drawn a moment later than the dialog."""
        inked = BETWEEN.sub("", "".join(words))
        await self.until(lambda: inked in BETWEEN.sub("", _texts(self.picture())), f"{words} behind the dialog")
        return self.picture()


def _texts(svg: str) -> str:
    """Every word on a picture."""
    return html.unescape("".join(re.findall(r"<text[^>]*>([^<]*)<", svg)))


def settings(server: WireServer | None, more: str = "", head: str = "") -> str:
    """A configuration file; many probes in a short time, as after an hour's work."""
    text = f'model = "{MODEL}"\n{head}\n[probe]\ninterval = 0.2\n{more}\n'
    return text + (f'[providers.holysheep]\nbase_url = "{server.url}"\n' if server else "")


@asynccontextmanager
async def running(config: str, size: tuple[int, int], wanted: Wanted) -> AsyncIterator[At]:
    """The app as `unbroken` starts it, without a terminal."""
    file = config_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(config, encoding="utf-8")
    if wanted.local:
        weights.models_dir().parent.mkdir(parents=True, exist_ok=True)
        cache = cache_dir() / "models"
        cache.mkdir(parents=True, exist_ok=True)
        weights.models_dir().symlink_to(cache)
        weights.ensure_installed(print, lambda _: None)
    session = Session(configured(), RealClock(), lambda _: None, print)
    try:
        app = UnbrokenApp(session, wanted, await ready(session, wanted))
        async with app.run_test(size=size, notifications=True) as pilot:
            yield At(app, pilot)
        if app.sending is not None and app.sending.running:
            await app.sending.stop()
    finally:
        assert await session.close()


async def idle() -> str:
    with key(), Gateway() as server:
        async with running(settings(server), WIDE, Wanted()) as at:
            for prompt in ("Japan's four seasons, in four paragraphs", "Why is the sky blue?", "What is SSE?"):
                await at.ask(prompt)
                await at.answered()
            await at.probed(48)
            await at.until(lambda: at.shows("find the place by itself."), "the end of the answer")
            return at.picture()


async def reconnecting() -> str:
    prompt = "Japan's four seasons, in four paragraphs"
    with key(), Gateway(breaks=(0.45, 0.8), then=GONE, prompt=prompt) as server:
        config = settings(server, more="[retry]\ninitial_backoff = 4.0")
        async with running(config, WIDE, Wanted()) as at:
            await at.probed(24)
            await at.ask("What is SSE?")
            await at.answered()
            await at.ask(prompt)

            def waiting() -> bool:
                link, now = at.app.connection.link, at.app.session.clock.now()
                if link.state != "backing_off" or link.since is None or link.until is None or link.retry_count < 2:
                    return False
                under_way = now - link.since > 0.4 * (link.until - link.since)
                return under_way and link.until - now > 1.0 and at.shows("reconnecting in")

            await at.until(waiting, "a wait")
            return at.picture()


async def connection() -> str:
    prompt = "Japan's four seasons, in four paragraphs"
    with key(), Gateway(breaks=(0.45, 0.8), prompt=prompt) as server:
        async with running(settings(server), WIDE, Wanted()) as at:
            await at.probed(48)
            await at.ask("What is SSE?")
            await at.answered()
            await at.ask(prompt)
            await at.answered()
            await at.pilot.press("f2")
            await at.until(lambda: at.shows("attempt by attempt", "What happened"), "the page")
            return at.picture()


async def conversations() -> str:
    with key(), Gateway() as server:
        async with running(settings(server, head='language = "ja"'), WIDE, Wanted()) as at:
            for number, prompt in enumerate(JAPANESE):
                if number:
                    await at.pilot.press("ctrl+n")
                    await at.until(lambda: not at.app.conversation.rows, "a new conversation")
                await at.ask(prompt)
                await at.answered()
            await at.pilot.press("f3")
            await at.until(lambda: at.shows("SSE"), "the list")
            at.app.screen.focused.post_message(events.Paste("桜"))
            await at.until(lambda: at.shows("桜前線") and not at.shows("SSEとは"), "the hits")
            return await at.picture_with("円山公園")


async def model_list() -> str:
    with key(), Gateway() as server:
        async with running(settings(server), WIDE, Wanted()) as at:
            await at.ask("Japan's four seasons, in four paragraphs")
            await at.answered()
            await at.probed(16)
            await at.pilot.press("ctrl+o")
            await at.until(lambda: at.shows("gpt-4.1-mini", "$15.00"), "the list")
            return await at.picture_with("Spring")


async def first_run() -> str:
    async with running(settings(None), WIDE, Wanted()) as at:
        await at.until(lambda: at.shows("Three ways", "holysheep.ai/register"), "the dialog")
        return await at.picture_with("Nothing asked yet")


async def japanese() -> str:
    prompt = "日本の四季について300文字で教えてください。"
    with key(), Gateway(breaks=(0.5,), prompt=prompt) as server:
        config = settings(server, head='language = "ja"')
        async with running(config, WIDE, Wanted()) as at:
            await at.ask(prompt)
            await at.answered()
            await at.probed(30)
            await at.until(lambda: at.shows("松と柚子が香ります。"), "the end of the answer")
            return at.picture()


LOCAL = Wanted(local=True, sampling=Sampling(temperature=0.2, seed=2))


LONG = (
    "What is a lighthouse for?",
    "Why do leaves change colour in autumn? Explain it step by step.",
    "Tell me a long story about a lighthouse keeper.",
    "Describe how bread is made, in five paragraphs.",
)


async def streaming() -> str:
    async with running(settings(None), WIDE, LOCAL) as at:
        await at.probed(24)

        def enough() -> bool:
            view = at.app.output.view
            return at.app.connection.link.state == "streaming" and view.length > 800 and at.shows("● streaming")

        for prompt in LONG:
            # A small model's answer may end sooner than one thinks.
            await at.ask(prompt)
            await at.until(lambda: enough() or not at.app.replying, "the stream")
            if enough():
                return at.picture()
        raise ValueError("no answer was long enough")


async def small() -> str:
    async with running(settings(None), SMALL, LOCAL) as at:
        await at.probed(12)
        await at.ask("What is the capital of France? Explain in two sentences.")
        await at.answered()
        await at.ask("What is a lighthouse for?")
        await at.answered()
        whole = at.app.output.view.text.upto(at.app.output.view.length)
        await at.until(lambda: at.shows(whole[-12:]), "the end of the answer")
        return at.picture()


def key() -> nullcontext[None]:
    """The provider's key, in its form; nobody's."""
    os.environ["HOLYSHEEP_API_KEY"] = "hs_" + "a1B2" * 8
    return nullcontext()


SCENES: dict[str, Callable[[], Awaitable[str]]] = {
    "idle": idle,
    "streaming": streaming,
    "reconnecting": reconnecting,
    "connection": connection,
    "conversations": conversations,
    "model-list": model_list,
    "first-run": first_run,
    "small": small,
    "japanese": japanese,
}
