"""The text of a reply while it grows; part of the words (words.py), which are where others import it from."""

from __future__ import annotations


class TextSoFar:
    """A text that only grows, kept in blocks: adding costs the same at any length.

    A view of it is a reference and a length.
    """

    __slots__ = ("_blocks", "_length", "_recent")
    _PIECES = 256
    """Pieces joined into one block: 256 short strings cost 13 kB, one joined 1.5."""

    def __init__(self, text: str = "") -> None:
        self._blocks: list[str] = [text] if text else []
        self._recent: list[str] = []
        self._length = len(text)

    def __len__(self) -> int:
        return self._length

    def __str__(self) -> str:
        return self.upto(self._length)

    def add(self, piece: str) -> int:
        """Add to the end; the new length."""
        recent = self._recent
        recent.append(piece)
        self._length += len(piece)
        if len(recent) >= self._PIECES:
            self._blocks.append("".join(recent))
            recent.clear()
        return self._length

    def upto(self, end: int) -> str:
        """The first `end` code points."""
        text = "".join(self._blocks) + "".join(self._recent)
        if len(self._blocks) > 1:
            # What was joined once need not be joined again: reading is as good a moment as any to tidy up.
            self._blocks[:] = [text]
            self._recent.clear()
        return text if end >= len(text) else text[:end]

    def since(self, start: int) -> str:
        """What came after the first `start` code points; costs what it returns, not the whole."""
        need = self._length - start
        if need <= 0:
            return ""
        pieces: list[str] = []
        for source in (self._recent, self._blocks):
            for piece in reversed(source):
                pieces.append(piece)
                need -= len(piece)
                if need <= 0:
                    break
            if need <= 0:
                break
        text = "".join(reversed(pieces))
        return text[-need:] if need < 0 else text
