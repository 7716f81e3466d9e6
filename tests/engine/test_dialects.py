"""A prefill in each provider's own words, on servers that refuse every other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes import Asked, Fin, Script
from model_servers import DIFFERENT, frames, sent_back, stream
from play import PREFILL, REQUEST, Played, play
from scenes import TEXT, held, serving
from strict_servers import CONFIGURED, SERVERS, Strict

from tui.providers.catalog import families_at
from tui.words import Dialect, Learned, Message, Provider, Request

ASK = (Message("user", "Tell me of spring."),)
JAPANESE = "日本には四つの季節があり、それぞれに美しさがあります。春には桜が咲き、夏は海、秋は紅葉、冬は雪です。" * 2


def provider(server: Strict, dialect: Dialect | None = None) -> Provider:
    families = families_at(server.base_url)
    return Provider("p", server.base_url, families=families, dialect=dialect or "auto")


def resumed(server: Strict, who: Provider, text: str, cuts: list[int]) -> Played:
    result = play(server.serving(text, cuts), provider=who, request=Request(server.model, ASK))
    assert result.done.text == text
    assert result.done.verified
    return result


@pytest.mark.parametrize("text", [TEXT, JAPANESE])
@pytest.mark.parametrize("name", SERVERS)
def test_a_provider_that_is_known_is_asked_in_its_own_words(name: str, text: str) -> None:
    server = SERVERS[name]
    who = provider(server)
    for cut in range(20, len(frames(text)), 3):
        result = resumed(server, who, text, [cut])
        assert result.done.learned == Learned(), "nothing was refused"
        assert len(result.wire.asked) == 2
        if len(held(cut, text)) >= 48:
            expected = "prefill" if server.prefills else "continue"
            assert [seam.how for seam in result.seams] in ([expected], ["restart"])
            assert text == JAPANESE or result.seams[0].how == expected


@pytest.mark.parametrize("dialect", CONFIGURED)
def test_a_dialect_that_is_configured_is_spoken(dialect: Dialect) -> None:
    server = CONFIGURED[dialect]
    result = resumed(server, provider(server, dialect), TEXT, [20, 15])
    assert [seam.how for seam in result.seams] == ["prefill", "prefill"]
    assert result.done.learned == Learned()


@pytest.mark.parametrize("server", CONFIGURED.values(), ids=CONFIGURED)
def test_an_unknown_server_is_asked_for_nothing_special(server: Strict) -> None:
    result = resumed(server, provider(server), TEXT, [20, 15])
    assert [seam.how for seam in result.seams] == ["continue", "continue"]


@pytest.mark.parametrize("dialect", ["plain", "vllm", "llamacpp"])
def test_a_prefill_that_does_not_go_with_thinking_is_asked_without(dialect: Dialect) -> None:
    server = replace(CONFIGURED[dialect], needs_no_thinking=True)
    who = provider(server, dialect)
    result = resumed(server, who, TEXT, [20, 15])
    assert [seam.how for seam in result.seams] == ["prefill", "prefill"]
    assert result.done.learned == Learned(no_thinking=True)
    assert len(result.wire.asked) == 4, "the refusal happens once"
    again = resumed(server, replace(who, learned=result.done.learned), TEXT, [20])
    assert len(again.wire.asked) == 2


def test_a_server_that_refuses_that_too_is_asked_one_rung_down() -> None:
    grudging, never = replace(CONFIGURED["llamacpp"], needs_no_thinking=True), replace(SERVERS["claude-new"])
    cut = grudging.serving(TEXT, [20])

    def serve(asked: Asked) -> Script:
        return never.serving(TEXT, [])(asked) if "chat_template_kwargs" in asked.body else cut(asked)

    result = play(serve, provider=provider(CONFIGURED["llamacpp"], "llamacpp"))
    assert result.done.text == TEXT
    assert [seam.how for seam in result.seams] == ["continue"]
    assert result.done.learned == Learned(refused=frozenset({"prefill"}), no_thinking=True)


# What is learned from seams


def misses(result: Played) -> int:
    return result.done.learned.misses


def knowing(result: Played) -> Provider:
    """The same provider, with what that reply taught."""
    return replace(PREFILL, learned=result.done.learned)


def rungs(result: Played) -> list[str]:
    return [sent_back(asked)[1] for asked in result.wire.asked]


def test_one_miss_condemns_nothing_and_two_of_a_model_that_is_not_sampled_do() -> None:
    cold = replace(REQUEST, temperature=0.0)
    first = play(serving(30, behaviour="different"), request=cold)
    assert rungs(first) == ["", "prefill", "prefill"], "the second is the miss's own, with the whole partial"
    again = play(serving(30, behaviour="different"), request=cold, provider=knowing(first))
    assert rungs(again) == ["", "prefill", "continue", "continue"]
    third = play(serving(30, behaviour="different"), request=cold, provider=knowing(again))
    assert rungs(third) == ["", "continue", "continue"]


@pytest.mark.parametrize("temperature", [None, 0.7])
def test_of_a_sampled_model_it_takes_many_in_a_row(temperature: float | None) -> None:
    warm, who = replace(REQUEST, temperature=temperature), PREFILL
    for _ in range(11):
        missed = play(serving(30, behaviour="different"), request=warm, provider=who)
        assert rungs(missed) == ["", "prefill", "prefill"]
        who = knowing(missed)
    assert play(serving(30), request=warm, provider=who).done.learned == Learned(), "one that is heeded forgives all"
    last = play(serving(30, behaviour="different"), request=warm, provider=who)
    assert rungs(last) == ["", "prefill", "continue", "continue"]


def test_a_prefill_that_works_again_clears_its_name() -> None:
    doubted = replace(PREFILL, learned=Learned(misses=1))
    assert play(serving(30), provider=doubted).done.learned == Learned()


def test_a_sampled_model_that_goes_on_and_then_turns_is_no_miss_of_the_rung() -> None:
    def serve(asked: Asked) -> Script:
        last = asked.messages[-1]
        if last["role"] != "assistant":
            return Script((b"".join(frames(TEXT)[:30]),), Fin())
        sent = str(last["content"])
        return Script((stream(TEXT[len(sent) : len(sent) + 9] + "otherwise than before. " + DIFFERENT),))

    doubted = replace(PREFILL, learned=Learned(misses=1))
    result = play(serve, provider=doubted)
    assert not result.done.verified
    assert misses(result) == 0


def test_what_is_configured_is_asked_whatever_was_learned() -> None:
    learned = Learned(refused=frozenset({"prefill"}), misses=99)
    result = play(serving(30), provider=replace(PREFILL, resume="prefill", learned=learned))
    assert [seam.how for seam in result.seams] == ["prefill"]
    assert result.done.learned == Learned()
    refused = play(
        serving(30, 1, 12, behaviour="refuses"), provider=replace(PREFILL, resume="prefill", learned=learned)
    )
    assert refused.done.text == TEXT
    roles = [asked.messages[-1]["role"] for asked in refused.wire.asked]
    assert roles == ["user", "assistant", "user", "user"], "refused once for this reply, not at every cut"
