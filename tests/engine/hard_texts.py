"""Texts in which whole blocks come again, as answers do.

Behind them a tail that came back proves little: it may be the same words farther on, and what stands between is lost.
"""

# ruff: noqa: E501  texts of other languages are as wide as they are
from __future__ import annotations

from hypothesis import strategies as st

REFRAIN = "Row, row, row your boat, gently down the stream,\nmerrily, merrily, life is but a dream.\n"
_HANDLER = '```python\n@app.get("/items")\nasync def items(db: Session = Depends(get_db)):\n    return db.query({}).all()\n```\n'
_LINE = "2026-01-0{} INFO starting the worker process now\n2026-01-0{} INFO ready\n"

HARD = {
    "song": REFRAIN
    + "\nVerse one tells of the mill where the water is slow.\n\n"
    + REFRAIN
    + "\nVerse two tells of the lock that the keeper forgot.\n\n"
    + REFRAIN
    + "\nVerse three ends where the river meets the grey sea.\n",
    "chant": "We shall not, we shall not be moved, my friends.\n" * 4
    + "Just like a tree that stands by the water side,\n",
    "code": _HANDLER.format("Item") + "\nThen the users:\n\n" + _HANDLER.format("User") + "\nDone.\n",
    "log": _LINE.format(1, 1)
    + "2026-01-02 WARN memory low\n"
    + _LINE.format(1, 1)
    + "2026-01-03 ERROR gone\n"
    + _LINE.format(4, 4),
    "commands": "To mend it, run these in order:\n\n    sudo systemctl stop nginx.service\n    sudo rm -rf /var/cache/nginx\n\n"
    "Then check what is configured:\n\n    sudo nginx -t\n\nand, when it is fine:\n\n    sudo systemctl stop nginx.service\n"
    "    sudo systemctl start nginx.service\n\nThat is all.\n",
    "dialogue": "Anna: Where did you put the keys to the old house?\nBen: I do not know.\nAnna: Think again, please.\n"
    "Ben: On the table.\nAnna: Where did you put the keys to the old house?\nBen: In the car.\n",
    "問答": "問い：春はどこから来るのですか、先生、教えてください。\n答え：南から来ます。桜が教えてくれます。\n"
    "問い：それでは夏はいかがでしょう。\n答え：海から来ます。\n問い：春はどこから来るのですか、先生、教えてください。\n"
    "答え：何度でも言います、南です。\n",
    "ひと続き": "春は桜が川沿いに咲いて人々が集まり花見をします。夏は海へ行きます。春は桜が川沿いに咲いて人々が集まり花見をします。"
    "秋は山が赤くなります。春は桜が川沿いに咲いて人々が集まり花見をします。冬は雪が降ります。",
}


_BLOCKS = (
    "The rain, the rain, it never says why it falls,\n",
    "and then it is dry.\n",
    "| Tue | 3 mm | and a little hail |\n",
    "\n",
    "    return db.query(Item).order_by(Item.id).all()\n",
    "春はあけぼのやうやう白くなりゆく山ぎはすこしあかりて紫だちたる。",
    "夏は夜。",
    "Nobody knows where the keys of the house are. ",
    "No. ",
    "😀 ",
)
repeating = st.one_of(
    st.sampled_from(list(HARD.values())),
    st.lists(st.sampled_from(_BLOCKS), min_size=3, max_size=14).map("".join),
)
"""Texts in which blocks come again."""


def same_bytes(reply: str, held: str, tail: str) -> bool:
    """Whether a server that left something out landed on the very words that were to come back: of the tail, or of all
    that is held. One that left out nothing sends the same bytes, and nobody can tell one from the other."""
    return reply.lstrip().startswith((tail.lstrip(), held.lstrip()))


_POLITE = (
    "Sure",
    "Of course",
    "Sorry about the interruption",
    "Here is the rest",
    "I will go on now",
    "承知しました",
    "続きです",
)
prefaces = st.builds(
    lambda words, end, gap: " ".join(words) + end + gap,
    st.lists(st.sampled_from(_POLITE), min_size=1, max_size=3),
    st.sampled_from(["", ":", ".", "…", "...", "：", "。", " —", "!"]),
    st.sampled_from(["", " ", "\n", "\n\n"]),
)
"""What a model chats before it goes on."""
