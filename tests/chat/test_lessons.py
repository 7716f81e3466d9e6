"""What one run learned about a server's rungs, the next run knows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from model_servers import sent_back
from scenes import TEXT, serving
from talk_place import Place, asked

from tui.chat.talk import Talk
from tui.chat.turns import Sampling
from tui.journal.store import Journal
from tui.words import Family


def next_run(place: Place, behaviour: str) -> Talk:
    """A conversation with a server that is guessed to take a prefill, and what the journal knows of it."""
    talk = place.talk(serving(30, behaviour=behaviour), resume="restart", sampling=Sampling(temperature=0.0))
    place.saved()
    with Journal.open(place.path) as journal:
        learned = journal.learned(talk.provider.base_url, "m")
    talk.provider = replace(talk.provider, resume="auto", families=(Family("m", "prefill"),), learned=learned)
    return talk


def rungs(place: Place) -> list[str]:
    return [sent_back(one)[1] for one in place.wire.asked]


def test_misses_and_refusals_are_remembered_between_runs(tmp_path: Path) -> None:
    place = Place(tmp_path / "journal")
    asked(next_run(place, "different"))
    assert rungs(place) == ["", "prefill", "prefill"]
    asked(next_run(place, "different"))
    assert rungs(place) == ["", "prefill", "continue", "continue"]
    asked(next_run(place, "exact"))
    assert rungs(place) == ["", "continue"]
    assert place.turns()[-1].replies[-1].text == TEXT
    assert place.writer.close(10)


def test_a_prefill_that_works_is_forgiven_its_miss(tmp_path: Path) -> None:
    place = Place(tmp_path / "journal")
    for behaviour in ("different", "exact", "different"):
        asked(next_run(place, behaviour))
    assert rungs(place) == ["", "prefill", "prefill"]
    assert place.writer.close(10)
