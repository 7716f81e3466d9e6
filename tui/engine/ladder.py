"""What is asked next: the request's body, and how its answer will be joined to the text held. Pure.

Best first (design, section 4): prefill, continue, restart; a replay, before them, asks nothing of a model (kept.py). A
rung that a server refused is not asked again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tui.engine.ledger import estimate_tokens
from tui.engine.seam import SHORTEST, Joiner, find_anchor
from tui.words import Dialect, Learned, Model, Provider, Request, Rung

QUOTED = 120
"""Code points of the text's end that the instruction of `continue` quotes."""
LEAST_TOKENS = 16
"""max_tokens is never shrunk under this."""

INSTRUCTION = (
    "Your previous answer was interrupted by the network. What arrived is above; it ends with:\n\n{end}\n\n"
    "Go on from exactly there, in the same language and format. Do not repeat anything, do not apologise, do not "
    "comment: write only what comes next."
)
"""For the model, not for the reader: in English, for it names no language of its own to answer in."""

_GOES_ON: dict[str, object] = {"continue_final_message": True, "add_generation_prompt": False}
_FIELDS: dict[Dialect, tuple[dict[str, object], dict[str, object]]] = {
    # Beside the request's own fields, and in the assistant's message.
    "plain": ({}, {}),  # OpenRouter, Ollama, Claude up to 4.5
    "prefix": ({}, {"prefix": True}),  # Mistral, LiteLLM
    "deepseek": ({}, {"prefix": True}),
    "partial": ({}, {"partial": True}),  # Qwen, Moonshot
    "vllm": (_GOES_ON, {}),  # vLLM, SGLang, TGI, tabbyAPI
    "llamacpp": (_GOES_ON, {}),
}
_NO_THINKING: dict[Dialect, dict[str, object]] = {
    "plain": {"chat_template_kwargs": {"enable_thinking": False}},
    "partial": {"enable_thinking": False},
    "vllm": {"chat_template_kwargs": {"enable_thinking": False}},
    "llamacpp": {"chat_template_kwargs": {"enable_thinking": False}},
}
"""What switches thinking off, where a server takes a prefill only without it."""

ENOUGH_MISSES = 12
"""Points (lessons.py) from which on a server's prefill is not worth asking: two misses of a model that is not sampled,
twelve in a row of one that is."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request and how to read its answer."""

    rung: Rung | None
    """None: a plain request, nothing is held."""
    body: bytes
    joiner: Joiner | None
    sent_tokens: int
    """Estimated tokens of the prompt, for an attempt that is cut before it tells."""
    base_url: str = ""
    """Where this request goes, if not to the provider's own address."""


def first_rung(provider: Provider, model: Model) -> Rung:
    """Where the ladder begins: as configured, else by the model's row, else what asks nothing special of a server."""
    if provider.resume != "auto":
        return provider.resume
    return model.first_rung or "continue"


def plan(
    request: Request,
    provider: Provider,
    held: str,
    boundaries: Sequence[int],
    learned: Learned,
    *,
    refused: frozenset[Rung] = frozenset(),
    missed: bool = False,
) -> Ask:
    """What to ask for now. `missed`: the last answer did not bring the tail back, so the whole partial is sent.

    `refused`: rungs that were refused for this very reply.
    """
    if not held:
        return _ask(request, None, _messages(request), None)
    restart = _ask(request, "restart", _messages(request), Joiner(held, "restarted"))
    if len(held) < SHORTEST:
        return restart
    model = provider.model(request.model)
    rung = _rung(first_rung(provider, model), refused | avoided(provider, learned))
    if rung == "restart":
        return restart
    if missed:
        sent, joiner = held.rstrip(), Joiner(held, "appended")
    else:
        anchor = find_anchor(held, boundaries)
        if anchor is None:
            return restart
        sent, joiner = held[: anchor.at], Joiner(held, "anchored", anchor.tail)
    if rung == "prefill":
        beside, inside = _FIELDS[model.dialect]
        if learned.no_thinking:
            beside = beside | _NO_THINKING.get(model.dialect, {})
        messages = [*_messages(request), {"role": "assistant", "content": sent, **inside}]
        ask = _ask(request, rung, messages, joiner, sent, beside)
        return replace(ask, base_url=_beta(provider.base_url)) if model.dialect == "deepseek" else ask
    messages = [
        *_messages(request),
        {"role": "assistant", "content": sent},
        {"role": "user", "content": INSTRUCTION.format(end=sent[-QUOTED:])},
    ]
    return _ask(request, rung, messages, joiner, sent)


def avoided(provider: Provider, learned: Learned) -> frozenset[Rung]:
    """Rungs that are not worth asking; one that is configured is asked all the same."""
    known: frozenset[Rung] = learned.refused
    if learned.misses >= ENOUGH_MISSES:
        known = known | {"prefill"}
    return frozenset(rung for rung in known if rung != provider.resume)


def thinking_off(model: Model) -> bool:
    """Whether there is a way to ask this model for a prefill without thinking."""
    return model.dialect in _NO_THINKING


def _beta(base_url: str) -> str:
    """DeepSeek continues a prefix at /beta, beside /v1, and nowhere else."""
    return base_url if base_url.endswith("/beta") else base_url.removesuffix("/v1") + "/beta"


def _rung(first: Rung, refused: frozenset[Rung]) -> Rung:
    """The best rung from `first` down that is not refused."""
    rungs: tuple[Rung, ...] = ("prefill", "continue", "restart")
    start = 0 if first == "replay" else rungs.index(first)
    return next((rung for rung in rungs[start:] if rung not in refused), "restart")


def _messages(request: Request) -> list[dict[str, object]]:
    return [{"role": message.role, "content": message.content} for message in request.messages]


def _ask(
    request: Request,
    rung: Rung | None,
    messages: list[dict[str, object]],
    joiner: Joiner | None,
    sent: str = "",
    beside: dict[str, object] | None = None,
) -> Ask:
    body: dict[str, object] = {
        "model": request.model,
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.max_tokens is not None:
        spent = estimate_tokens(sent)
        body["max_tokens"] = max(min(LEAST_TOKENS, request.max_tokens), request.max_tokens - spent)
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.seed is not None:
        body["seed"] = request.seed
    body |= beside or {}
    tokens = sum(estimate_tokens(str(message["content"])) for message in messages)
    return Ask(rung, json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"), joiner, tokens)
