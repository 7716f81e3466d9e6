"""A text, and servers that break while they say it."""

from __future__ import annotations

from collections.abc import Callable

from fakes import Asked, Fin, Script, status
from model_servers import REFUSED, Model, Refusal, frames, stream, tokens

TEXT = (
    "Spring opens like a door that somebody forgot to lock; the garden walks in, and with it comes the rain of May. "
    "Summer is a long table under a tree. Autumn counts what is left, and winter keeps the books."
)
OTHER = "A year has four parts, and nobody agrees on which of them is the first; ask a gardener and a banker. " * 2


def head(count: int, text: str = TEXT) -> bytes:
    """The stream of `text` up to its `count`-th delta."""
    return b"".join(frames(text)[:count])


def serving(*cuts: Script | int, behaviour: str = "exact", text: str = TEXT) -> Callable[[Asked], Script]:
    """A model whose answers break: after so many deltas (FIN), or a script instead of an answer."""
    model, left = Model(text, behaviour), list(cuts)

    def serve(asked: Asked) -> Script:
        cut = left.pop(0) if left else None
        if isinstance(cut, Script):
            return cut
        try:
            said = model.says(asked)
        except Refusal:
            return status(400, str(REFUSED).replace("'", '"'))
        return Script((stream(said),)) if cut is None else Script((head(cut, said),), Fin())

    return serve


def held(count: int, text: str = TEXT) -> str:
    return "".join(tokens(text)[:count])
