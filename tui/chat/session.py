"""What the screen and `ask` both begin with: the provider, the embedded model, the journal, and the conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from tui.chat.follow import Follower, Heard
from tui.chat.link_log import LinkLog
from tui.chat.talk import Talk
from tui.chat.turns import Sampling, Turn
from tui.clock import Clock
from tui.config import Config, ConfigError
from tui.engine.retry_budget import RetryBudget
from tui.journal.bring_back import BroughtBack
from tui.journal.store import Journal
from tui.journal.trouble import JournalTrouble, JournalUnusable
from tui.journal.writer import Writer
from tui.local.problem import LocalProblem
from tui.local.server import LocalServer
from tui.monitor.board import Board
from tui.paths import journal_file
from tui.providers import resolve
from tui.providers.keys import BadKey, KeyCommandFailed, KeyMissing
from tui.providers.keys_file import KeysFileError
from tui.providers.resolve import UnknownProvider
from tui.say import say
from tui.words import ConversationId, Learned, Provider

LOCAL = "local"
"""The name of the embedded model's provider."""

NOT_TO_BE_HAD = (KeyMissing, BadKey, KeyCommandFailed, KeysFileError, UnknownProvider, ConfigError, LocalProblem)
"""Why a provider cannot be asked, as errors that speak for themselves."""

WINDOW_PATIENCE = 2.0
"""Seconds that a prompt waits for the list of models, to say what of a long conversation will not be sent."""

FLUSH = 5.0
"""Seconds that the end of the program waits for the disk."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for."""

    local: bool = False
    continue_last: bool = False
    model: str | None = None
    provider: str | None = None
    system: str = ""
    sampling: Sampling | None = None


class Session:
    """Everything of one run of the program that is not what is shown."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        on_trouble: Callable[[JournalTrouble | None], None],
        tell: Callable[[str], None],
    ) -> None:
        self.config, self.clock = config, clock
        self._tell = tell
        self._retries = RetryBudget()
        """Of all replies of this run: a new conversation does not begin a new count."""
        self.writer = Writer(journal_file(), on_trouble)
        self.follower: Follower | None = None
        self._following: asyncio.Task[None] | None = None
        self._server: LocalServer | None = None
        self._restart: asyncio.Task[Provider] | None = None
        self.talk: Talk | None = None
        self.log = LinkLog(clock)
        """What the connection did in this run."""
        self.board = Board()
        """What probes and replies measured in this run."""
        self._windows: dict[str, Mapping[str, int]] = {}
        """The contexts that providers have told in this run, by their names."""

    def provider(self, wanted: Wanted) -> tuple[Provider, str]:
        """The provider and model asked for; KeyMissing, UnknownProvider and the like where there is none. May block."""
        provider, model = wanted.provider, wanted.model
        if wanted.continue_last and provider is None and model is None:
            provider, model = self._last_asked()
        name, model = resolve.choose(self.config, provider, model)
        found = resolve.provider(self.config, name, model, learned=self.learned, tell=self._tell)
        return resolve.with_windows(self.config, found, self._windows.get(name, {})), model

    def told_windows(self, name: str, windows: Mapping[str, int]) -> bool:
        """The list of models of provider `name` tells these contexts; whether the open conversation learns by it."""
        self._windows[name] = windows
        talk = self.talk
        if talk is None or talk.provider.name != name:
            return False
        before, talk.provider = talk.provider, resolve.with_windows(self.config, talk.provider, windows)
        return before.windows != talk.provider.windows

    async def ask_windows(self, talk: Talk) -> bool:
        """Have the provider of `talk` tell the contexts of its models; whether the open conversation learns by it.

        Where it does not answer, nothing is known.
        """
        from tui.monitor.models import Present, fetch_models

        answer = await fetch_models(talk.provider, WINDOW_PATIENCE)
        return isinstance(answer, Present) and self.told_windows(talk.provider.name, answer.windows)

    def _last_asked(self) -> tuple[str | None, str | None]:
        """Who the last conversation was with; (None, None) where there is none, or its provider is gone."""
        try:
            with Journal.open(journal_file()) as journal:
                latest = journal.latest()
        except JournalUnusable:
            # Told by whoever opens the conversation itself.
            return None, None
        if latest is None or latest.provider not in resolve.names(self.config):
            return None, None
        return latest.provider, latest.model or None

    async def local(self) -> tuple[Provider, str]:
        """The embedded model, started; LocalProblem where it cannot be. It must be installed."""
        if self._server is None:
            self._server = LocalServer(died=self._revive)
            await self._server.start()
        provider = self._server.provider
        assert provider is not None
        return provider, next(iter(provider.models))

    def begin(self, provider: Provider, model: str, wanted: Wanted) -> Talk:
        """Open the conversation; the last one where it is wanted and there is one."""
        talk = Talk(
            provider,
            model,
            self.config.policy_for,
            self.writer,
            self.clock,
            system=wanted.system,
            sampling=wanted.sampling,
            retries=self._retries,
            board=self.board,
            log=self.log,
            fallback=self.config.fallback if provider.name == self.config.provider else (),
        )
        if wanted.continue_last:
            self.open_last(talk)
        self.talk = talk
        return talk

    def open(self, conversation: ConversationId) -> Talk | None:
        """Another conversation, with whoever answers now; None where it is gone or cannot be read. Not yet shown."""
        assert self.talk is not None
        talk = self.talk.sibling()
        talk.system, talk.sampling = "", Sampling()
        try:
            with Journal.open(journal_file()) as journal:
                stored = journal.conversation(conversation)
                if stored is None:
                    return None
                talk.open(stored, journal.turns(conversation), journal.partial)
        except JournalUnusable as error:
            self._tell(error.sentence())
            return None
        return talk

    async def answerer_of(self, turn: Turn) -> tuple[Provider, str] | None:
        """Who was asked for the current reply of `turn`, so that it goes on unchanged; None where that cannot be."""
        talk, version = self.talk, turn.current
        if talk is None or version is None:
            return None
        name, model = version.provider, version.view.model
        if name == talk.provider.name:
            return replace(talk.provider, learned=self.learned(talk.provider.base_url, model)), model
        try:
            if name == LOCAL:
                return await self.local()
            return await asyncio.to_thread(self.provider, Wanted(provider=name, model=model))
        except NOT_TO_BE_HAD as error:
            self._tell(str(error))
            return None

    def follow(self, heard: Callable[[Heard], None], brought_back: Callable[[BroughtBack], None]) -> Follower:
        """Have what other processes write of the open conversation appear in it; `heard` is told of it, and
        `brought_back` of what they had deleted and what is written here has brought back."""
        assert self.follower is None
        loop = asyncio.get_running_loop()

        def tell(back: BroughtBack) -> None:
            loop.call_soon_threadsafe(brought_back, back)

        self.writer.on_brought_back = tell
        self.follower = Follower(journal_file(), self.clock, self.writer.owner, lambda: self.talk, heard)
        self.writer.own_bell = self.follower.bell.name if self.follower.bell else ""
        self._following = asyncio.get_running_loop().create_task(self.follower.run(), name="unbroken-follower")
        return self.follower

    async def _unfollow(self) -> None:
        if self._following is not None:
            following, self._following, self.follower = self._following, None, None
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    def nothing_asked_yet(self) -> bool:
        """Whether this user has no conversation yet; False where that cannot be known."""
        try:
            with Journal.open(journal_file()) as journal:
                return journal.latest() is None
        except JournalUnusable:
            return False

    def open_last(self, talk: Talk) -> None:
        """The conversation that was used last, if there is one that can be read."""
        try:
            with Journal.open(journal_file()) as journal:
                latest = journal.latest()
                if latest is not None:
                    talk.open(latest, journal.turns(latest.id), journal.partial)
        except JournalUnusable as error:
            self._tell(error.sentence())

    def learned(self, base_url: str, model: str) -> Learned:
        """What was learned about it in earlier runs."""
        try:
            with Journal.open(journal_file()) as journal:
                return journal.learned(base_url, model)
        except JournalUnusable:
            # Told already, by the writer that could not open it either.
            return Learned()

    async def close(self) -> bool:
        """End what this run began. False where something could not be saved."""
        await self._unfollow()
        if self._restart is not None:
            self._restart.cancel()
            await asyncio.gather(self._restart, return_exceptions=True)
        if self.talk is not None:
            from tui.engine.pump import stops_sent

            # A server that keeps streams generates on until it hears that nobody reads them: 3 s at most.
            await stops_sent()
        if self._server is not None:
            server, self._server = self._server, None
            await server.stop()
        return await asyncio.to_thread(self.writer.close, FLUSH)

    def _revive(self, problem: LocalProblem) -> None:
        """The embedded server died: a reply on its way will find it again at the same place."""
        if self._server is not None and self._restart is None:
            self._tell(str(problem))
            self._restart = asyncio.get_running_loop().create_task(self._server.restart())
            self._restart.add_done_callback(self._revived)

    def _revived(self, task: asyncio.Task[Provider]) -> None:
        self._restart = None
        if task.cancelled():
            return
        error = task.exception()
        self._tell(say("local.restarted") if error is None else str(error))
