"""Servers that take a prefill with exactly their own fields, refuse anything else, and answer as the real ones do.

What each wants and shows: streaming.md, A.1. A field that a server does not know is a 400 here: that is stricter than
most, and finds a field too many.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fakes import Asked, Fin, Script, status
from model_servers import frames, stream

USUAL = {"model", "messages", "stream", "stream_options", "temperature", "seed", "max_tokens"}
GOES_ON: Mapping[str, object] = {"continue_final_message": True, "add_generation_prompt": False}


def refusal(message: str) -> Script:
    return status(400, json.dumps({"error": {"message": message, "type": "invalid_request_error"}}))


@dataclass(frozen=True, slots=True)
class Strict:
    """One server: where it is, what a prefill there looks like, and what it says after it."""

    base_url: str
    model: str
    prefill_path: str = "/v1"
    """Under which path a prefill is taken."""
    plain_path: str = "/v1"
    beside: Mapping[str, object] = field(default_factory=dict)
    inside: Mapping[str, object] = field(default_factory=dict)
    says: Callable[[str, str], str] = lambda answer, sent: answer.removeprefix(sent)
    """(answer, prefill) -> what it says."""
    prefills: bool = True
    needs_no_thinking: bool = False
    """400 to a prefill without chat_template_kwargs {"enable_thinking": false}."""
    trailing_space: bool = True
    """Takes a prefill that ends in white space."""

    def answer(self, text: str, asked: Asked) -> Script | str:
        """What it says to `asked`, or the refusal."""
        last = asked.messages[-1]
        extra = {name: value for name, value in asked.body.items() if name not in USUAL}
        if last["role"] != "assistant":
            if extra or any(set(message) != {"role", "content"} for message in asked.messages):
                return refusal(f"Unknown fields: {extra}")
            if not asked.url.endswith(f"{self.plain_path}/chat/completions"):
                return status(404, "no such path")
            quoted = len(asked.messages) > 1 and asked.messages[-2]["role"] == "assistant"
            return text.removeprefix(str(asked.messages[-2]["content"])) if quoted else text
        if not self.prefills:
            return refusal("This model does not support assistant message prefill. It must end with a user message.")
        if not asked.url.endswith(f"{self.prefill_path}/chat/completions"):
            return refusal("prefix is only supported by the beta endpoint")
        wanted = dict(self.beside)
        if self.needs_no_thinking:
            if "chat_template_kwargs" not in extra:
                return refusal("Assistant response prefill is incompatible with enable_thinking.")
            wanted["chat_template_kwargs"] = {"enable_thinking": False}
        sent = str(last["content"])
        if extra != wanted or last != {"role": "assistant", "content": sent, **self.inside}:
            return refusal(f"Unexpected fields {extra} {sorted(last)}")
        if not self.trailing_space and sent != sent.rstrip():
            return refusal("final assistant content cannot end with trailing whitespace")
        return self.says(text, sent)

    def serving(self, text: str, cuts: list[int]) -> Callable[[Asked], Script]:
        """This server, whose answers break off after so many deltas."""
        left = list(cuts)

        def serve(asked: Asked) -> Script:
            said = self.answer(text, asked)
            if isinstance(said, Script):
                return said
            return Script((b"".join(frames(said)[: left.pop(0)]),), Fin()) if left else Script((stream(said),))

        return serve


def trims(answer: str, sent: str) -> str:
    return answer.removeprefix(sent.rstrip())


def left_trims(answer: str, sent: str) -> str:
    return answer.removeprefix(sent).lstrip()


def echoes(answer: str, sent: str) -> str:
    return answer


SERVERS: Mapping[str, Strict] = {
    "deepseek": Strict("https://api.deepseek.com/v1", "deepseek-chat", prefill_path="/beta", inside={"prefix": True}),
    "deepseek-bare": Strict(
        "https://api.deepseek.com",
        "deepseek-chat",
        prefill_path=".com/beta",
        plain_path=".com",
        inside={"prefix": True},
    ),
    "deepseek-beta": Strict(
        "https://api.deepseek.com/beta",
        "deepseek-chat",
        prefill_path="/beta",
        plain_path="/beta",
        inside={"prefix": True},
    ),
    "mistral": Strict("https://api.mistral.ai/v1", "mistral-large", inside={"prefix": True}, says=echoes),
    "qwen": Strict("https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "qwen-max", inside={"partial": True}),
    "qwen-thinking": Strict("https://dashscope.aliyuncs.com/compatible-mode/v1", "qwen3-235b-thinking", prefills=False),
    "moonshot": Strict("https://api.moonshot.ai/v1", "kimi-k2", inside={"partial": True}),
    "openrouter": Strict("https://openrouter.ai/api/v1", "deepseek/deepseek-v3.2"),
    "openrouter-claude": Strict("https://openrouter.ai/api/v1", "anthropic/claude-sonnet-4.5", trailing_space=False),
    "openrouter-claude-new": Strict("https://openrouter.ai/api/v1", "anthropic/claude-opus-4.6", prefills=False),
    "ollama": Strict("http://127.0.0.1:11434/v1", "qwen3:8b", says=left_trims),
    "claude": Strict("https://gateway.example/v1", "claude-sonnet-4-5-20250929", trailing_space=False),
    "claude-new": Strict("https://gateway.example/v1", "claude-opus-5", prefills=False),
    "openai": Strict("https://api.openai.com/v1", "gpt-4.1", prefills=False),
}
"""Known by their address or by the model's name."""

CONFIGURED: Mapping[str, Strict] = {
    "vllm": Strict("http://127.0.0.1:8000/v1", "any", beside=GOES_ON, says=trims),
    "llamacpp": Strict("http://127.0.0.1:8080/v1", "any", beside=GOES_ON),
    "prefix": Strict("http://127.0.0.1:4000", "any", inside={"prefix": True}, says=trims, plain_path="",
                     prefill_path=""),
    "partial": Strict("https://qwen.example/v1", "any", inside={"partial": True}),
    "plain": Strict("https://plain.example/v1", "any"),
    "deepseek": Strict("https://mirror.example/v1", "any", prefill_path="/beta", inside={"prefix": True}),
}  # fmt: skip
"""By the dialect that the configuration names."""
