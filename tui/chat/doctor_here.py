"""The doctor looks at what is on this machine: versions, the configuration, the keys. Asks nobody."""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib import metadata

from tui import __version__
from tui.base_url import host_of, is_loopback
from tui.chat.doctor import Finding
from tui.config import Config, ConfigError
from tui.paths import config_file
from tui.plain import one_line
from tui.providers import resolve
from tui.providers.keys import BadKey, KeyCommandFailed, KeyMissing, form_of
from tui.providers.keys_file import KeysFileError
from tui.say import say
from tui.words import Provider

LIBRARIES = ("httpx", "tenacity", "textual")
"""Those whose versions explain the most."""


def check_versions() -> Finding:
    """What runs here: the first thing that a report of a mistake needs."""
    libraries = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    about = {
        "version": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }
    return Finding("versions", "ok", say("doctor.versions", libraries=libraries, **about))


def check_configuration(read: Callable[[], Config]) -> tuple[Finding, Config]:
    """The configuration that `read` gives, or the defaults where it is wrong: the rest can still be looked at."""
    try:
        config = read()
    except ConfigError as error:
        return Finding("config.file", "error", one_line(str(error), 1000), say("doctor.config_do")), Config()
    if config.file is None:
        return Finding("config.file", "ok", say("doctor.config_none", file=one_line(str(config_file()), 1000))), config
    return Finding("config.file", "ok", say("doctor.config", file=one_line(str(config.file), 1000))), config


def find_provider(
    config: Config, name: str | None, model: str | None
) -> tuple[tuple[Finding, ...], Provider | None, str]:
    """Who is to be asked, its key and the key's form; None where it cannot be asked. May take 10 s."""
    name, model = resolve.choose(config, name, model)
    try:
        provider = resolve.provider(config, name, model)
    except (resolve.UnknownProvider, KeyMissing, BadKey, KeyCommandFailed, KeysFileError, ConfigError) as error:
        what, _, remedy = str(error).partition("\n")
        shown = one_line(name, 60)
        return (Finding("key.form", "error", what, remedy or say("doctor.key_do", provider=shown)),), None, model
    return (_key(provider),), provider, model


def without_key(config: Config, name: str | None) -> Provider | None:
    """The provider as far as it is known without its key: the way to it can still be looked at."""
    name, _ = resolve.choose(config, name)
    try:
        settings = resolve.settings_of(config, name)
    except resolve.UnknownProvider:
        return None
    if not settings.base_url:
        return None
    return Provider(name, settings.base_url, local=is_loopback(host_of(settings.base_url)))


def _key(provider: Provider) -> Finding:
    name = one_line(provider.name, 60)
    if provider.key is None:
        if provider.local:
            return Finding("key.form", "ok", say("doctor.key_none", provider=name))
        return Finding(
            "key.form", "warning", say("doctor.key_none", provider=name), say("doctor.key_do", provider=name)
        )
    if provider.name == resolve.OWN and form_of(provider.key.reveal()) == "other":
        return Finding("key.form", "warning", say("providers.key_form"), say("doctor.key_form_do", provider=name))
    return Finding("key.form", "ok", say("doctor.key_there", provider=name))
