"""A provider on a real socket whose model answers, and whose connection breaks when a test says so.

with provider("Hello there …", cuts=[6, 12]) as server:
    ... "python -m tui ask Hi" with settings(home, server.url) ...
assert [seen.path for seen in server.seen] == [...]
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from fakes import Asked
from model_servers import REFUSED, Model, Refusal, frames, stream, tokens
from wire_server import Answer, Ending, Seen, WireServer

JSON = {"Content-Type": "application/json"}

ENGLISH = (
    "Spring opens like a door that somebody forgot to lock; the garden walks in, and with it comes the rain of May. "
    "Summer is a long table under a tree, with bread and salt and too many chairs. Autumn counts what is left of it. "
    "Winter keeps the books, closes them in March, and hands the key to whoever comes first through the wet gate."
)
JAPANESE = (
    "日本には四つの季節があり、それぞれに固有の美しさがあります。春には桜が咲き、人々は公園に集まって花見を楽しみます。"
    "夏になると強い日差しが照りつけ、海や山へ出かける人が増えます。やわらかな風が吹き、木々が目を覚まします。"
    "秋は山々が赤や黄色に染まり、収穫の季節を迎えます。冬は雪が降り、北国では一面の銀世界が広がります。"
)
assert not any(character.isspace() for character in JAPANESE)


def listing(*models: str) -> Answer:
    """What `GET /models` says."""
    body = json.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in models]})
    return Answer(body.encode(), headers=JSON, framing="length")


def refused_key(key: str = "") -> Answer:
    """401, with the key quoted as some gateways do."""
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {key}", "type": "invalid_request_error"}})
    return Answer(body.encode(), 401, JSON, "length")


def no_such_model() -> Answer:
    body = json.dumps({"error": {"message": "The model does not exist", "type": "invalid_request_error"}})
    return Answer(body.encode(), 404, JSON, "length")


def held(count: int, text: str) -> str:
    """What a reader has after `count` deltas."""
    return "".join(tokens(text)[:count])


def cut_after(count: int, text: str, end: Ending = "fin") -> Answer:
    """The first `count` deltas of `text`, then the connection ends like that."""
    return Answer(b"".join(frames(text)[:count]), end=end)


def asked_by(seen: Seen) -> Asked:
    """What came, as the models of model_servers.py read it."""
    return Asked(seen.path, seen.headers, seen.json(), 0.0, local=True)


def answering(
    model: Model, cuts: Sequence[int | Answer] = (), models: Sequence[str] = ("test-model", "other-model")
) -> Callable[[Seen], Answer]:
    """`model` behind a connection that breaks after so many deltas of each answer, or is given an answer instead."""
    left = list(cuts)

    def answer(seen: Seen) -> Answer:
        if seen.method == "GET":
            return listing(*models)
        cut = left.pop(0) if left else None
        if isinstance(cut, Answer):
            return cut
        try:
            said = model.says(asked_by(seen))
        except Refusal:
            return Answer(json.dumps(REFUSED).encode(), 400, JSON, "length")
        return Answer(stream(said)) if cut is None else cut_after(cut, said)

    return answer


def provider(text: str = ENGLISH, cuts: Sequence[int | Answer] = (), behaviour: str = "exact") -> WireServer:
    return WireServer(answering(Model(text, behaviour), cuts))


def posts(server: WireServer) -> list[Seen]:
    """The requests for answers, without the probes."""
    return [seen for seen in list(server.seen) if seen.method == "POST"]


def settings(folder: Path, url: str, *, key_env: str = "", resume: str = "auto", more: str = "") -> Path:
    """A configuration whose provider is at `url`, impatient where waiting shows nothing."""
    file = folder / "config.toml"
    key = f'api_key_env = "{key_env}"\n' if key_env else ""
    file.write_text(
        'provider = "mine"\nmodel = "test-model"\n'
        f'[providers.mine]\nbase_url = "{url}"\nresume = "{resume}"\nmodels = ["test-model", "other-model"]\n{key}'
        "[retry]\ninitial_backoff = 0.02\nmax_backoff = 0.05\n"
        f"{more}",
        encoding="utf-8",
    )
    return file
