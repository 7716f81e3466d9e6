"""The answers that the fault matrix cuts, and their wires. Every hard thing that an answer can hold is in the first."""

from __future__ import annotations

import functools
import json

from model_servers import tokens

MIXED = (
    "Spring has four signs:  light, rain, birds, and  mud.\n"
    "\n"
    "春はあけぼの。やうやう白くなりゆく山ぎは、すこしあかりて。夏は夜。\n"
    "\n"
    "| day | rain |\n"
    "|---|---|\n"
    "| Mon | 3 mm |\n"
    "| Tue | 3 mm |\n"
    "| Tue | 3 mm |\n"
    "| Tue | 3 mm |\n"
    "\n"
    "```python\n"
    "def rain(day):\n"
    "    return TABLE.get(day,  0)\n"
    "```\n"
    "\n"
    "The rain, the rain, it never says why,\n"
    "it falls from the sky.\n"
    "The rain, the rain, it never says why,\n"
    "and then it is dry.\n"
    "\n"
    "A family 👩‍👩‍👧‍👦 waves 👋🏽 under the 🇯🇵 flag, and a cat 🐈‍⬛ sleeps  until the summer."
)
assert len(MIXED) >= 400

JAPANESE = (
    "日本には四つの季節があり、それぞれに固有の美しさがあります。春には桜が咲き、人々は公園に集まって花見を楽しみます。"
    "夏になると強い日差しが照りつけ、海や山へ出かける人が増えます。"
    "やわらかな風が吹き、木々が目を覚まします。夜には花火が空を彩り、浴衣を着た子どもたちが屋台をのぞいて歩きます。秋は山々が赤や黄色に染まり、収穫の季節を迎えます。"
    "澄んだ空に満月が浮かび、虫の声が静かな庭に響きます。冬は雪が降り、北国では一面の銀世界が広がります。"
    "家族が炬燵を囲んで蜜柑を食べ、除夜の鐘を聞きながら新しい年を待ちます。こうして一年はめぐり、また春の光が窓辺に届くころ、"
    "人はもう一度はじまりを思うのです。春夏秋冬、そして季節は静かに繰り返されていきます。"
)
assert len(JAPANESE) >= 300
assert not any(character.isspace() for character in JAPANESE)

ANSWERS = {"mixed": MIXED, "japanese": JAPANESE}


def frame(delta: dict[str, object], finish: str | None = None) -> bytes:
    """As small as a frame gets, for there is one run for every byte of it."""
    choice: dict[str, object] = {"delta": delta} if finish is None else {"delta": delta, "finish_reason": finish}
    value = {"choices": [choice]}
    return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


@functools.lru_cache(maxsize=4096)
def wire(text: str) -> bytes:
    """A whole stream that says `text`."""
    return b"".join([*(frame({"content": token}) for token in tokens(text)), frame({}, "stop"), b"data: [DONE]\n\n"])


WIRES = {name: wire(text) for name, text in ANSWERS.items()}
assert all(len(bytes_) >= 6000 for bytes_ in WIRES.values())
