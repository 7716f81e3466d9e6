"""Keys: where they are found, what is refused, and that none is ever repeated."""

from __future__ import annotations

import contextlib
import json
import os
import select
import stat
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import paths
from tui.config import ProviderSettings
from tui.providers import keys, keys_file
from tui.providers.keys import BadKey, KeyCommandFailed, checked, find, form_of, mask
from tui.providers.keys_file import KeysFileError

KEY = "hs_" + "a1" * 16
OTHER = "hs_" + "b2" * 16


def prints(code: str) -> ProviderSettings:
    return ProviderSettings(api_key_command=f"{sys.executable} -c {code!r}")


def test_the_documented_form() -> None:
    assert form_of(KEY) == "documented"
    for other in ("", "hs_" + "a" * 31, KEY + "\n", " " + KEY, KEY + "-", "HS_" + "a" * 32, "hs_" + "あ" * 32):
        assert form_of(other) == "other"


@given(st.text())
def test_a_checked_key_fits_into_a_header_line(text: str) -> None:
    try:
        key = checked(text).reveal()
    except BadKey as error:
        assert len(text.strip()) < 4 or text.strip() not in str(error)
    else:
        assert key == text.strip()
        assert key.encode("ascii").isalnum() or all(33 <= byte <= 126 for byte in key.encode("ascii"))


@pytest.mark.parametrize(
    "text", ["", " \n", "a b", "a\nb", "a\r\nX: y", "a\tb", "kéy", "鍵", "a\x00", "\x7f" * 3, "k" * 4097]
)
def test_what_would_break_a_header_is_refused(text: str) -> None:
    with pytest.raises(BadKey):
        checked(text)


def test_the_environment_comes_first_then_the_command_then_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    keys_file.store("mine", "from-file")
    settings = ProviderSettings(api_key_env="MINE_KEY", api_key_command="printf from-command")
    monkeypatch.setenv("MINE_KEY", " from-environment\n")
    found = find("mine", settings)
    assert found is not None
    assert (found.key.reveal(), found.source) == ("from-environment", "environment")
    monkeypatch.setenv("MINE_KEY", " ")
    found = find("mine", settings)
    assert found is not None
    assert (found.key.reveal(), found.source) == ("from-command", "command")
    found = find("mine", ProviderSettings(api_key_env="MINE_KEY"))
    assert found is not None
    assert (found.key.reveal(), found.source) == ("from-file", "file")
    assert find("another", ProviderSettings()) is None


def test_a_command_is_run_without_a_shell_and_its_first_line_counts() -> None:
    found = find("x", ProviderSettings(api_key_command="printf '%s\\n' '$HOME;x' second"))
    assert found is not None
    assert found.key.reveal() == "$HOME;x"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (prints("import sys; print('secret'); sys.exit(3)"), "status 3"),
        (prints("pass"), "printed nothing"),
        (ProviderSettings(api_key_command="/no/such/program"), "could not be started"),
        (ProviderSettings(api_key_command="unclosed 'quote"), "could not be started"),
        (prints("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), "status -9"),
    ],
)
def test_a_command_that_gives_no_key_says_why(settings: ProviderSettings, says: str) -> None:
    with pytest.raises(KeyCommandFailed, match=says) as caught:
        find("x", settings)
    assert "secret" not in str(caught.value)


def test_a_slow_command_is_stopped_with_its_children(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(keys, "COMMAND_LIMIT", 0.5)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    held = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    # The child of the command holds its stdout open long after the command itself is gone.
    code = f"sleep 600 3>{fifo} & exit 0"
    with pytest.raises(KeyCommandFailed, match="within"):
        find("x", ProviderSettings(api_key_command=f"sh -c '{code}'"))
    try:
        with contextlib.suppress(BlockingIOError):  # still held: its end comes as an end of file
            assert os.read(held, 1) == b""
            return
        assert select.select([held], [], [], 30)[0]
        assert os.read(held, 1) == b""
    finally:
        os.close(held)


def test_a_bad_key_names_its_source_and_repeats_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE_KEY", "sec ret")
    with pytest.raises(BadKey, match="MINE_KEY") as caught:
        find("mine", ProviderSettings(api_key_env="MINE_KEY"))
    assert "ret" not in str(caught.value).replace("MINE_KEY", "")


def test_a_mask_shows_no_letter_of_the_key() -> None:
    assert mask(KEY) == "hs_… (35 characters)"
    assert mask("verysecret") == "… (10 characters)"
    assert mask("sk-abcdef") == "sk-… (9 characters)"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_is_the_owners_alone_from_its_first_moment() -> None:
    before = os.umask(0)
    try:
        keys_file.store("holysheep", KEY)
    finally:
        os.umask(before)
    assert mode(paths.keys_file()) == 0o600
    assert mode(paths.keys_file().parent) == 0o700
    keys_file.store("mine", OTHER)
    assert keys_file.read() == {"holysheep": KEY, "mine": OTHER}
    assert [path.name for path in paths.keys_file().parent.iterdir()] == ["keys.json"]


def test_rights_for_others_are_taken_away_and_told() -> None:
    keys_file.store("holysheep", KEY)
    paths.keys_file().chmod(0o644)
    told: list[str] = []
    assert keys_file.read(told.append) == {"holysheep": KEY}
    assert mode(paths.keys_file()) == 0o600
    assert len(told) == 1
    assert "readable by others" in told[0]
    keys_file.read(told.append)
    assert len(told) == 1


def test_removing() -> None:
    assert not keys_file.remove("holysheep")
    assert not paths.keys_file().parent.exists()
    keys_file.store("holysheep", KEY)
    assert keys_file.remove("holysheep")
    assert not keys_file.remove("holysheep")
    assert keys_file.read() == {}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a": 1}', b"\xff", b"[" * 100_000, b" " * 1_100_000])
def test_a_broken_file_stays_as_it_is(content: bytes) -> None:
    file = paths.keys_file()
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    for action in (keys_file.read, lambda: keys_file.store("x", KEY), lambda: keys_file.remove("x")):
        with pytest.raises(KeysFileError, match="not a keys file"):
            action()
    assert file.read_bytes() == content


def test_a_directory_that_takes_no_file_is_one_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("UNBROKEN_DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(KeysFileError, match="cannot be"):
        keys_file.store("x", KEY)


def test_a_write_that_fails_half_way_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    keys_file.store("holysheep", KEY)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeysFileError, match="No space left"):
        keys_file.store("holysheep", OTHER)
    assert json.loads(paths.keys_file().read_text()) == {"holysheep": KEY}
    assert len(list(paths.keys_file().parent.iterdir())) == 1


def test_two_writers_lose_no_key() -> None:
    threads = [threading.Thread(target=keys_file.store, args=(f"p{n}", KEY)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(keys_file.read()) == [f"p{n}" for n in range(8)]
