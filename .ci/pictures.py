"""Draws screenshots/*.svg: the real program, run in a home of its own against servers on this machine.

    python .ci/pictures.py                                every picture
    python .ci/pictures.py idle japanese                  these
    python .ci/pictures.py --png FOLDER --font FILE.ttf   a PNG of each beside it, to look at

What is run is in picture_scenes.py. `streaming` and `small` are answered by the embedded model, fetched where it is
missing; the others by a server that speaks byte for byte as a provider does, breaks included.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import html
import os
import re
import secrets
import shutil
import socket
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCREENSHOTS = ROOT / "screenshots"

HOME = "/home/user"
"""How the home of a run is shown."""

NAMES = (
    "idle",
    "streaming",
    "reconnecting",
    "connection",
    "conversations",
    "model-list",
    "first-run",
    "small",
    "japanese",
)

CELL = 12.2
"""Units of a cell in the SVG: Rich's 20 units of height times 0.61."""

FONTS = "DejaVu Sans Mono, IPAexGothic, monospace"


def shown_home() -> Path:
    """A fresh home whose path is as long as HOME, so that the screen is laid out as it will read."""
    home = Path("/tmp") / secrets.token_hex(8)[: len(HOME) - len("/tmp/")]  # noqa: S108  made below, for us alone
    home.mkdir(mode=0o700)
    return home


def prepare(home: Path) -> None:
    """A user with an empty home, a terminal of many colours and no settings."""
    kept = {name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE", "UNBROKEN_TEST_CACHE") if name in os.environ}
    os.environ.clear()
    os.environ.update(kept, HOME=str(home), LANG="C.UTF-8", TERM="xterm-256color", COLORTERM="truecolor")


def finished(svg: str, home: Path) -> str:
    """What Rich exports, readable anywhere: no font from the network, each character in its cells, HOME."""
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;]+;", f"font-family: {FONTS};", svg)
    svg = re.sub(r"\s*font-variant-east-asian: [^;]+;", "", svg)
    return TEXT.sub(in_cells, svg).replace(str(home), HOME)


TEXT = re.compile(
    r'<text (?P<look>class="[^"]*") x="(?P<x>[\d.]+)" (?P<y>y="[\d.]+") textLength="[^"]*" '
    r"(?P<clip>clip-path=[^>]*)>(?P<text>[^<]*)</text>"
)

LINES = range(0x2500, 0x25A0)
"""Lines and blocks, which have to meet."""


def in_cells(match: re.Match[str]) -> str:
    """A piece of text as pieces of one width and kind each, for Rich counts a wide character as one cell, and a sign
    that a font lacks takes the whole piece to another font."""
    from rich.cells import cell_len

    x, pieces = float(match["x"]), []
    for same in runs(html.unescape(match["text"])):
        width = cell_len(same) * CELL
        # A line's glyph is 1.164 of the font size high: at 21 it fills a row of 24.4.
        size = ' font-size="21px"' if ord(same[0]) in LINES else ""
        text = html.escape(same).replace("\xa0", "&#160;")
        at = f'x="{x:g}" {match["y"]} textLength="{width:g}"'
        pieces.append(f"<text {match['look']}{size} {at} {match['clip']}>{text}</text>")
        x += width
    return "".join(pieces)


def runs(text: str) -> list[str]:
    """`text` cut where the kind of its characters changes."""
    from rich.cells import cell_len

    def kind(character: str) -> object:
        if cell_len(character) > 1:
            return "wide"
        return "plain" if ord(character) < 0x2190 else character

    found: list[str] = []
    for character in text:
        joins = found and (cell_len(character) == 0 or kind(character) == kind(found[-1][-1]))
        found[-1:] = [found[-1] + character] if joins else [*found[-1:], character]
    return found


def check(name: str, svg: str) -> None:
    """Nothing of this machine is on a picture, and nothing in it comes from another."""
    text = html.unescape("\n".join(re.findall(r"<text[^>]*>([^<]*)<", svg))).replace("\xa0", " ")
    for what in (socket.gethostname(), getpass.getuser(), str(ROOT), "/tmp/"):  # noqa: S108  looked for, not used
        if re.search(rf"(?<![\w/]){re.escape(what)}(?!\w)", text):
            raise ValueError(f"{name}: {what!r} is on the picture")
    for what in ("@font-face", "url(http", "href", "hs_"):
        if what in svg:
            raise ValueError(f"{name}: {what!r} is in the file")


def render(svg: str, png: Path, fonts: list[Path]) -> None:
    """A picture of the picture, as a viewer with these fonts sees it."""
    import resvg_py

    png.write_bytes(bytes(resvg_py.svg_to_bytes(svg_string=svg, font_files=[str(font) for font in fonts])))


def main() -> int:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("names", nargs="*", help=f"of {', '.join(NAMES)}; all of them without a name")
    asked.add_argument("--png", type=Path, help="a folder for a PNG of each")
    asked.add_argument(
        "--font", type=Path, action="append", default=[], help="a font file for the PNG; may be repeated"
    )
    options = asked.parse_args()
    if unknown := set(options.names) - set(NAMES):
        asked.error(f"no such picture: {', '.join(sorted(unknown))}")
    real_home = Path.home()
    os.environ.setdefault("UNBROKEN_TEST_CACHE", str(real_home / ".cache" / "unbroken-tests"))
    sys.path[:0] = [str(ROOT), *(str(ROOT / "tests" / room) for room in ("", "engine", "panes"))]
    # A process for each, as for a user: connections are counted from 1.
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        for name in options.names or NAMES:
            processes.submit(draw, name, options.png, options.font).result()
    return 0


def draw(name: str, png: Path | None, fonts: list[Path]) -> None:
    """One picture."""
    home = shown_home()
    try:
        prepare(home)  # before Textual is imported: it reads its environment then
        from picture_scenes import SCENES

        svg = finished(asyncio.run(SCENES[name]()), home)
    finally:
        shutil.rmtree(home)
    check(name, svg)
    SCREENSHOTS.mkdir(exist_ok=True)
    (SCREENSHOTS / f"{name}.svg").write_text(svg, encoding="utf-8")
    if png is not None:
        png.mkdir(parents=True, exist_ok=True)
        render(svg, png / f"{name}.png", fonts)
    print(f"{name}.svg: {len(svg):,} characters")  # noqa: T201  a script's word to who runs it


if __name__ == "__main__":
    raise SystemExit(main())
