"""Where requests may go."""

from __future__ import annotations

import pytest

from tui.base_url import BadUrl, checked_url, host_of, is_loopback


@pytest.mark.parametrize(
    ("url", "checked"),
    [
        ("https://api.holysheep.ai/v1", "https://api.holysheep.ai/v1"),
        ("https://api.holysheep.ai/v1/", "https://api.holysheep.ai/v1"),
        ("https://h", "https://h"),
        ("HTTPS://Host:8443/v1//", "HTTPS://Host:8443/v1"),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("http://localhost:11434/v1", "http://localhost:11434/v1"),
        ("https://[2001:db8::1]/v1", "https://[2001:db8::1]/v1"),
    ],
)
def test_good_addresses(url: str, checked: str) -> None:
    assert checked_url(url) == checked
    assert checked_url(checked) == checked


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "https://host/v1"),
        ("api.holysheep.ai/v1", "https://host/v1"),
        ("ftp://h/v1", "https://host/v1"),
        ("file:///etc/passwd", "https://host/v1"),
        ("https://", "https://host/v1"),
        ("https://:443/v1", "https://host/v1"),
        ("https://h:0/v1", "https://host/v1"),
        ("https://h:99999/v1", "https://host/v1"),
        ("https://h:x/v1", "https://host/v1"),
        ("https://[::1/v1", "https://host/v1"),
        ("https://ho st/v1", "https://host/v1"),
        ("https://h/v1\r\nX: y", "https://host/v1"),
        ("https://h\\@evil/v1", "https://host/v1"),
        ("https://ａｐｉ.openai.com/v1", "https://host/v1"),
        ("https://api%2eopenai.com/v1", "https://host/v1"),
        ("https://user:secret@h/v1", "refused"),
        ("https://user@h/v1", "refused"),
        ("https://h/v1?x=1", "refused"),
        ("https://h/v1#x", "refused"),
        ("https://h/v1/chat/completions", "Leave off"),
        ("https://h/v1/models/", "Leave off"),
        ("http://h/v1", "this machine only"),
        ("http://10.0.0.1/v1", "this machine only"),
        ("http://0.0.0.0/v1", "this machine only"),
        ("http://127.0.0.1.example.org/v1", "this machine only"),
        ("http://localhost.example.org/v1", "this machine only"),
        ("http://127.1/v1", "this machine only"),
    ],
)
def test_bad_addresses_say_what_is_allowed_and_repeat_nothing(url: str, says: str) -> None:
    with pytest.raises(BadUrl, match=says) as caught:
        checked_url(url)
    assert "secret" not in str(caught.value)


def test_hosts() -> None:
    assert host_of("https://API.OpenAI.com.:443/v1") == "api.openai.com"
    assert is_loopback("[::1]")
    assert is_loopback("LOCALHOST.")
    assert not is_loopback("")
    assert not is_loopback("::2")
