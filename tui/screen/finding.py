"""The dialog of the conversations and its owner: searched, listed, renamed, deleted, and taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from textual import on, work

from tui.chat import versions
from tui.chat.session import Session, Wanted
from tui.chat.talk import Talk
from tui.journal.live import LiveJournal
from tui.journal.questions import Questions, Stop
from tui.journal.store import Journal
from tui.journal.trouble import Interrupted, JournalUnusable
from tui.paths import journal_file
from tui.plain import one_line
from tui.say import say
from tui.screen.dialogs.conversations import ConversationsDialog
from tui.screen.following import Following
from tui.words import ConversationId

Read = TypeVar("Read")


class Finding(Following):
    """The app as far as it answers what the dialog of the conversations posts."""

    def __init__(self, session: Session, wanted: Wanted) -> None:
        super().__init__(session, wanted)
        self._deleted: list[ConversationId] = []
        """Conversations deleted in this run, for taking back."""
        self._deleted_open: set[ConversationId] = set()
        """Those of them that were open: taken back, they are again."""
        self._questions: Questions | None = None
        """Open as long as the dialog is."""

    def show_talk(self, talk: Talk, place: int | None = None) -> None:
        """Show `talk` from now on."""
        raise NotImplementedError

    def _busy(self) -> bool:
        """Whether a reply is on its way here; then the user hears of it."""
        if self.replying:
            self.notify(say("talks.busy"), markup=False)
        return self.replying

    @property
    def _talks(self) -> ConversationsDialog | None:
        """The dialog, also where another screen lies over it."""
        return next((one for one in self.screen_stack if isinstance(one, ConversationsDialog)), None)

    @on(ConversationsDialog.Search)
    @work(group="search", exclusive=True)
    async def _search(self, message: ConversationsDialog.Search) -> None:
        dialog, words, number = self._talks, message.words, message.number
        if dialog is None:
            return
        try:
            if words:
                dialog.show_hits(await self._read(lambda journal, stop: journal.search(words, stop=stop)), number)
            else:
                dialog.show_all(await self._read(lambda journal, _: journal.conversations()), number)
        except Interrupted:
            # Something else is asked already.
            pass
        except JournalUnusable as error:
            dialog.show_trouble(say("talks.unreadable", reason=one_line(error.sentence(), 120)), number)

    async def _read(self, question: Callable[[Journal, Stop], Read]) -> Read:
        """What the journal says, asked off the event loop; what was asked before is not answered any more."""
        if self._questions is None:
            self._questions = Questions(journal_file())
        return await asyncio.wrap_future(self._questions.ask(question))

    def end_questions(self) -> None:
        """Nobody asks any more: the dialog has gone."""
        if self._questions is not None:
            self._questions.close()
            self._questions = None

    def on_unmount(self) -> None:
        self.end_questions()

    async def _written_elsewhere(self, conversation: ConversationId) -> bool:
        """Whether another window writes a reply in it."""

        def read() -> bool:
            with LiveJournal.open(journal_file()) as journal:
                replies = journal.open_replies()
            return any(reply.conversation == conversation and reply.state == "streaming" for reply in replies)

        try:
            return await asyncio.to_thread(read)
        except JournalUnusable:
            # Told by whoever writes.
            return False

    async def _list_again(self, words: str = "") -> None:
        """Have the rows found again once what was asked of the journal stands in it; `words` say what was done."""
        await asyncio.wait([asyncio.wrap_future(self.session.writer.flush())], timeout=5.0)
        dialog = self._talks
        if dialog is not None:
            dialog.search()
            dialog.tell(words)

    @on(ConversationsDialog.Rename)
    async def _rename(self, message: ConversationsDialog.Rename) -> None:
        versions.rename(self.session.writer, message.conversation, one_line(message.title, 200))
        await self._list_again()

    @on(ConversationsDialog.Delete)
    async def _delete(self, message: ConversationsDialog.Delete) -> None:
        talk = self.talk
        is_open = talk is not None and talk.id == message.conversation
        if is_open and self._busy():
            await self._list_again()
        elif await self._written_elsewhere(message.conversation):
            await self._list_again(say("screen.busy_elsewhere"))
        else:
            if talk is not None and is_open:
                self.show_talk(talk.sibling())
                self._deleted_open.add(message.conversation)
            versions.delete(self.session.writer, message.conversation, self.session.clock.wall())
            self._deleted.append(message.conversation)
            title = one_line(message.title, 40) or say("talks.untitled")
            await self._list_again(say("talks.deleted", title=title))

    @on(ConversationsDialog.Undo)
    async def _undelete(self) -> None:
        try:
            earlier = () if self._deleted else await self._read(lambda journal, _: journal.deleted(1))
        except JournalUnusable:
            # The search that follows tells.
            earlier = ()
        if not self._deleted and not earlier:
            await self._list_again(say("talks.nothing_deleted"))
            return
        name = self._deleted.pop() if self._deleted else earlier[0].id
        versions.undelete(self.session.writer, name)
        await self._list_again(say("talks.taken_back"))
        if name in self._deleted_open and self.talk is not None and not self.talk.turns:
            self._deleted_open.discard(name)
            found = self.session.open(name)
            if found is not None:
                self.show_talk(found)
