"""`unbroken doctor`: what works, what does not, what to do."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from pathlib import Path

import click

from tui.chat.doctor import Finding, check_journal, repair_journal
from tui.chat.doctor_here import check_configuration, check_versions, find_provider, without_key
from tui.cli.configured import configured
from tui.cli.doctor_terminal import check_terminal
from tui.cli.options import one_answerer
from tui.clock import RealClock
from tui.config import Config
from tui.paths import journal_file
from tui.plain import one_line
from tui.say import say
from tui.words import Provider

MARKS = {"ok": "✓", "warning": "!", "error": "✗"}
CODES = {"ok": 0, "warning": 1, "error": 2}
"""The exit code is that of the worst finding."""


@click.command(name="doctor", help=say("doctor.help"))
@click.option("-m", "--model", metavar="MODEL", help=say("cli.model"))
@click.option("-p", "--provider", metavar="PROVIDER", help=say("cli.provider"))
@click.option("--local", is_flag=True, help=say("doctor.help_local"))
@click.option("--try-resume", "paid", flag_value=True, default=None, type=bool, help=say("doctor.help_paid"))
@click.option("--free", "paid", flag_value=False, type=bool, help=say("doctor.help_free"))
@click.option("--repair", is_flag=True, help=say("doctor.help_repair"))
@click.option("--json", "as_json", is_flag=True, help=say("doctor.help_json"))
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help=say("cli.log"))
def command(
    model: str | None,
    provider: str | None,
    local: bool,
    paid: bool | None,
    repair: bool,
    as_json: bool,
    log: Path | None,
) -> int:
    from tui.cli.wire_log import start_log

    one_answerer(local=local, model=model, provider=provider)
    start_log(log)
    visit = Visit(model, provider, paid, local=local, repair=repair, shown=not as_json)
    asyncio.run(visit.run())
    if as_json:
        click.echo(_json(visit.findings))
    return visit.code


class Visit:
    """One look at everything, in the order in which one thing stands on another."""

    def __init__(
        self,
        model: str | None,
        provider: str | None,
        paid: bool | None,
        *,
        local: bool = False,
        repair: bool,
        shown: bool,
    ) -> None:
        self.findings: list[Finding] = []
        self._model, self._provider, self._paid = model, provider, paid
        self._local, self._repair, self._shown = local, repair, shown
        self._clock = RealClock()

    @property
    def code(self) -> int:
        return max((CODES[one.severity] for one in self.findings), default=0)

    async def run(self) -> None:
        async with aclosing(self._look()) as found:
            async for finding in found:
                self.findings.append(finding)
                if self._shown:
                    click.echo(_line(finding))
        if self._shown:
            counted = {name: sum(one.severity == name for one in self.findings) for name in CODES}
            click.echo(say("doctor.end", **counted))

    async def _look(self) -> AsyncGenerator[Finding, None]:
        about, config = check_configuration(configured)
        yield check_versions()
        yield about
        for finding in (*check_terminal(), *await asyncio.to_thread(self._journal)):
            yield finding
        if self._local:
            async with aclosing(self._look_at_local(config)) as answers:
                async for finding in answers:
                    yield finding
            return
        if about.severity == "error" and self._provider is None:
            # What would be asked is not what the user has set.
            return
        found, provider, model = await asyncio.to_thread(find_provider, config, self._provider, self._model)
        for finding in found:
            yield finding
        asked = provider or without_key(config, self._provider)
        if asked is not None:
            async with aclosing(self._ask(config, asked, model, paid=provider is not None)) as answers:
                async for finding in answers:
                    yield finding

    async def _look_at_local(self, config: Config) -> AsyncGenerator[Finding, None]:
        """The embedded model, by a server that runs for so long. Nothing is installed: that is for the user to say."""
        from tui.local.problem import LocalProblem
        from tui.local.server import MODEL, LocalServer

        server = LocalServer()
        try:
            provider = await server.start()
            yield Finding("local.server", "ok", say("doctor.local_runs", model=MODEL.title))
            async with aclosing(self._ask(config, provider, MODEL.id, paid=True)) as answers:
                async for finding in answers:
                    yield finding
        except LocalProblem as problem:
            what, _, remedy = str(problem).partition("\n")
            yield Finding("local.server", "error", what, remedy or say("doctor.local_do"))
        finally:
            await server.stop()

    def _journal(self) -> Iterable[Finding]:
        if self._repair:
            return repair_journal(journal_file(), self._clock).findings
        return check_journal(journal_file(), self._clock)

    async def _ask(
        self, config: Config, provider: Provider, model: str, *, paid: bool
    ) -> AsyncGenerator[Finding, None]:
        """`paid`: whether answers may be asked for, should the way be clear."""
        from tui.chat.doctor_wire import check_way

        way = True
        async with aclosing(check_way(provider, model, self._clock, config.probe.target_ms / 1000)) as found:
            async for finding in found:
                way = way and finding.severity != "error"
                yield finding
        if not (way and paid):
            return
        if not await asyncio.to_thread(self._consents, provider, model):
            yield Finding("endpoint.chat", "ok", say("doctor.not_asked"), say("doctor.not_asked_do"))
            return
        async with aclosing(_answers(provider, model, self._clock)) as found:
            async for finding in found:
                yield finding

    def _consents(self, provider: Provider, model: str) -> bool:
        """Whether tokens may be spent: as the options say, else as a person at the terminal says; else not."""
        if self._paid is not None or self._local:
            # What runs here costs nothing.
            return self._paid is not False
        if not (self._shown and sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
            return False
        from tui.chat.doctor_stream import ESTIMATE

        price = provider.model(model).price.output
        cost = "" if price is None else say("doctor.cost", usd=f"{ESTIMATE * price / 1_000_000:.4f}")
        question = say("doctor.may_it", model=one_line(model, 60), tokens=ESTIMATE, cost=cost)
        click.echo(f"{question} [y/N] ", nl=False, err=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes", "はい")


async def _answers(provider: Provider, model: str, clock: RealClock) -> AsyncGenerator[Finding, None]:
    from tui.chat.doctor_stream import check_resume, check_stream

    way = True
    async with aclosing(check_stream(provider, model, clock)) as found:
        async for finding in found:
            way = way and finding.severity != "error"
            yield finding
    if way:
        async with aclosing(check_resume(provider, model, clock)) as found:
            async for finding in found:
                yield finding


def _line(finding: Finding) -> str:
    line = f"{MARKS[finding.severity]} {finding.sentence}"
    return f"{line}\n  → {finding.remedy}" if finding.remedy else line


def _json(findings: Iterable[Finding]) -> str:
    """ASCII alone, so that nothing in it can speak to a terminal."""
    values = [
        {
            "name": one.name,
            "severity": one.severity,
            "sentence": one.sentence,
            "remedy": one.remedy,
            "repairable": one.repairable,
            **({"numbers": dict(one.numbers)} if one.numbers else {}),
        }
        for one in findings
    ]
    worst = max((one.severity for one in findings), key=lambda name: CODES[name], default="ok")
    return json.dumps({"findings": values, "worst": worst}, indent=1).replace("\x7f", "\\u007f")
