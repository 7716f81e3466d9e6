"""An answer that ended at its limit of tokens is gone on with, with as many tokens again."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import Asked, Script
from model_servers import Model, chunk, stream, tokens
from scenes import TEXT, head, held
from talk_place import Place, asked, heard

from tui.chat.turns import Sampling
from tui.engine.ledger import estimate_tokens
from tui.words import Seam


@pytest.mark.parametrize("reason", ["length", "model_length"])
def test_ctrl_r_goes_on_from_an_answer_that_ended_at_its_limit(reason: str, tmp_path: Path) -> None:
    place, model = Place(tmp_path / "journal"), Model(TEXT, "exact")
    limit = 20

    def serve(asked: Asked) -> Script:
        said = model.says(asked)
        if len(tokens(said)) <= limit:
            return Script((stream(said),))
        return Script((head(limit, said), chunk({}, reason)))

    talk = place.talk(serve, sampling=Sampling(max_tokens=40))
    asked(talk)
    (turn,) = talk.turns
    rounds = 0
    while talk.can_resume(turn):
        if rounds == 1:
            # The next run goes on as this one would.
            talk = place.talk(serve, sampling=Sampling(max_tokens=40))
            place.again(talk)
            (turn,) = talk.turns
            assert talk.can_resume(turn)
        before = turn.versions[-1].view.whole_text()
        events = heard(talk.resume(turn))
        (seam,) = [event.mark for event in events if isinstance(event, Seam)]
        assert (seam.at, seam.verified) == (len(before), True)
        body = place.wire.asked[-1].body
        most = body["max_tokens"]
        assert isinstance(most, int)
        assert 40 <= most <= 40 + estimate_tokens(before[-140:]) + 1
        rounds += 1
    assert rounds > 1
    assert place.reply().text == TEXT
    assert place.reply().finish_reason == "stop"
    assert not talk.can_resume(turn)
    assert place.writer.close(10)


def test_an_answer_that_was_whole_after_all_says_so(tmp_path: Path) -> None:
    place, model = Place(tmp_path / "journal"), Model(held(30), "exact")
    reasons = iter(["length", "stop"])
    talk = place.talk(lambda asked: Script((stream(model.says(asked), next(reasons)),)))
    asked(talk)
    heard(talk.resume(talk.turns[0]))
    assert (place.reply().text, place.reply().finish_reason) == (held(30), "stop")
    assert [mark.verified for mark in place.reply().seams] == [True]
    assert place.writer.close(10)
