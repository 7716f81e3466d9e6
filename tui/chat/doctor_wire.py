"""The doctor goes the way to the provider, step by step, as a request goes it: nothing here costs a token.

A step that does not work ends the way: what stands behind it cannot be known.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime
from socket import SOCK_STREAM
from urllib.parse import urlsplit

from tui.base_url import host_of
from tui.chat.doctor import Finding
from tui.clock import Clock
from tui.engine.call import without
from tui.monitor.models import fault_of_answer, fault_of_wire, ids_of, twice
from tui.plain import one_line
from tui.say import known, say
from tui.timing import Timing
from tui.wire import WireError
from tui.words import Fault, Provider

DEADLINE = 10.0
"""Seconds for one step."""

SKEW = 30.0
"""Seconds by which the clocks may differ: a Retry-After that is a date is wrong by as much."""


async def check_way(provider: Provider, model: str, clock: Clock, target: float) -> AsyncGenerator[Finding, None]:
    """Proxy, name, connection, TLS, the model list, the key, the model, the clock. `target`: seconds to first byte."""
    from tui.net import proxy_for, proxy_variable

    proxy = None if provider.local else proxy_for(provider.base_url)
    yield _proxy(provider, proxy)
    named = _about_proxy(provider, proxy, proxy_variable(provider.base_url)) if proxy else None
    looked_up = await _name(proxy or provider.base_url)
    if named is not None and looked_up.severity == "error":
        looked_up = replace(looked_up, remedy=say("doctor.dead_proxy_do", **named))
    yield looked_up
    if looked_up.severity == "error":
        return
    try:
        got, warm = await twice(provider.base_url + "/models", provider.key, DEADLINE, local=provider.local)
    except WireError as error:
        broke = fault_of_wire(error)
        if named is not None and not _connected(error.timing) and broke.kind != "proxy":
            words, detail = _words(broke, provider)
            sentence = say("doctor.dead_proxy", words=words, detail=detail, **named)
            yield Finding("connection", "error", sentence, say("doctor.dead_proxy_do", **named))
            return
        if error.timing.sent is None:
            yield broken("connection", broke, provider)
            return
        # The connection stood, and the request was sent.
        yield _connection(provider, error.timing)
        yield broken("answer", broke, provider)
        return
    yield _connection(provider, got.timing)
    fault = fault_of_answer(got)
    if fault is None:
        yield _speed(replace(got.timing, ttfb=got.ttfb), warm, target)
    if fault is not None and fault.kind == "unauthorized" and provider.key is None:
        name = one_line(provider.name, 60)
        yield Finding(
            "key.server", "error", say("doctor.key_wanted", provider=name), say("doctor.key_do", provider=name)
        )
        return
    if fault is not None and fault.kind == "unauthorized":
        yield broken("key.server", fault, provider)
        return
    if fault is not None:
        # Who asks too often is answered again in a moment; all else means that nothing can be asked.
        yield broken("endpoint.models", fault, provider, "warning" if fault.kind == "rate-limit" else "error")
    else:
        ids = ids_of(got.body) or ()
        yield Finding("endpoint.models", "ok", say("doctor.models", count=len(ids)))
        # Some give their list to everybody.
        yield Finding("key.server", "ok", say("doctor.key_taken" if provider.key else "doctor.key_not_asked"))
        yield _model(model, ids)
    skew = _clock(got.headers, clock.wall())
    if skew is not None:
        yield skew


def broken(name: str, fault: Fault, provider: Provider, severity: str = "error") -> Finding:
    """`fault` in plain words, with what was said behind it, and what to do about it."""
    words, detail = _words(fault, provider)
    remedy = f"doctor.do_{fault.kind}"
    about = {"provider": one_line(provider.name, 60), "host": one_line(host_of(provider.base_url), 100)}
    sentence = say(f"doctor.broken_{name.partition('.')[0]}", words=words, detail=detail, **about)
    do = say(remedy if known(remedy) else "doctor.do_other", **about)
    return Finding(name, "warning" if severity == "warning" else "error", sentence, do)


def _words(fault: Fault, provider: Provider) -> tuple[str, str]:
    """In plain words, and what was said, without the key."""
    words = say(f"faults.{fault.kind}") if known(f"faults.{fault.kind}") else fault.kind
    detail = without(provider.key, fault.detail) if provider.key is not None else fault.detail
    return words, one_line(detail, 200)


def _connected(timing: Timing) -> bool:
    """Whether somebody took the connection: the proxy, where there is one."""
    return timing.tcp is not None or timing.sent is not None


def _about_proxy(provider: Provider, proxy: str, variable: str) -> dict[str, str]:
    """Who stands in between, and who said so."""
    host = one_line(host_of(provider.base_url), 100)
    return {"proxy": _shown(proxy), "variable": variable, "host": host}


def _shown(proxy: str) -> str:
    """The user and the password of its address are nobody's business."""
    return one_line(urlsplit(proxy).netloc.rpartition("@")[2])


def _proxy(provider: Provider, proxy: str | None) -> Finding:
    if proxy is None:
        return Finding("network.proxy", "ok", say("doctor.no_proxy", host=one_line(host_of(provider.base_url), 100)))
    return Finding("network.proxy", "ok", say("doctor.proxy", proxy=_shown(proxy)))


async def _name(url: str) -> Finding:
    host = urlsplit(url).hostname or ""
    shown = one_line(host, 100)
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        async with asyncio.timeout(DEADLINE):
            found = await loop.getaddrinfo(host, None, type=SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        detail = one_line(str(error) or type(error).__name__, 200)
        return Finding(
            "network.dns", "error", say("doctor.no_name", host=shown, detail=detail), say("doctor.no_name_do")
        )
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    milliseconds = f"{(loop.time() - began) * 1000:.0f}"
    listed = one_line(", ".join(addresses[:4]), 200)
    return Finding("network.dns", "ok", say("doctor.name", host=shown, addresses=listed, milliseconds=milliseconds))


def _connection(provider: Provider, timing: Timing) -> Finding:
    tcp = f"{(timing.tcp or 0.0) * 1000:.0f}"
    if timing.tls is None:
        return Finding("network.tls", "ok", say("doctor.no_tls", tcp=tcp))
    tls = f"{timing.tls * 1000:.0f}"
    return Finding("network.tls", "ok", say("doctor.tls", tcp=tcp, tls=tls, host=one_line(host_of(provider.base_url))))


def _speed(timing: Timing, warm: float | None, target: float) -> Finding:
    fresh = timing.ttfb or 0.0
    about = {"fresh": f"{fresh * 1000:.0f}", "target": f"{target * 1000:g}"}
    if warm is None:
        sentence = say("doctor.speed_fresh", **about)
    else:
        sentence = say("doctor.speed", warm=f"{warm * 1000:.0f}", **about)
    met = fresh < target
    return Finding("network.ttfb", "ok" if met else "warning", sentence, "" if met else say("doctor.speed_do"))


def _model(model: str, ids: tuple[str, ...]) -> Finding:
    shown = one_line(model, 80)
    if model in ids:
        return Finding("endpoint.model", "ok", say("doctor.model", model=shown))
    return Finding("endpoint.model", "warning", say("doctor.no_model", model=shown), say("doctor.no_model_do"))


def _clock(headers: Mapping[str, str], wall: float) -> Finding | None:
    """By the answer's Date, which counts whole seconds; None where it has none that can be read."""
    try:
        theirs = parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    skew = wall - (theirs + 0.5)
    if abs(skew) < SKEW:
        return Finding("clock.skew", "ok", say("doctor.clock", seconds=f"{abs(skew):.0f}"))
    name = "doctor.clock_fast" if skew > 0 else "doctor.clock_slow"
    return Finding("clock.skew", "warning", say(name, seconds=f"{abs(skew):,.0f}"), say("doctor.clock_do"))
