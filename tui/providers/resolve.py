"""From the configuration and the catalog to the Provider that an engine is given."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import replace

from tui.base_url import host_of, is_loopback
from tui.config import Config, ProviderSettings
from tui.plain import one_line
from tui.providers.catalog import BuiltIn, built_in, families_at
from tui.providers.keys import KeyMissing, find, form_of
from tui.say import say
from tui.words import Learned, Model, Provider

OTHERS = ("api.openai.com", "api.anthropic.com")
"""Hosts to which a HolySheep key is never sent: there it is worth nothing and known to a stranger."""

OWN = "holysheep"


class UnknownProvider(Exception):
    """A name that neither the catalog nor the configuration has."""

    def __init__(self, name: str, names: list[str]) -> None:
        self.name, self.names = name, names
        super().__init__(name)

    def __str__(self) -> str:
        return f"{say('providers.unknown', name=one_line(self.name, 60))} {_near(self.name, self.names)}"


def _near(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return say("config.near", near=near[0]) if near else say("config.names", names=one_line(", ".join(names)))


def names(config: Config) -> list[str]:
    """Every provider that can be asked, those built in first."""
    return list(built_in()) + [name for name in config.providers if name not in built_in()]


def check(config: Config) -> None:
    """What the configuration alone cannot know: ConfigError for a provider that cannot be used as it is set."""
    if config.provider not in names(config):
        allowed = _near(config.provider, names(config))
        raise config.error(("provider",), say("config.unknown_provider", name=one_line(config.provider, 60)), allowed)
    for name in config.providers:
        settings = settings_of(config, name)
        if not settings.base_url:
            raise config.error(("providers", name), say("config.no_base_url", name=one_line(name, 60)))
        if name == OWN or settings.api_key_env == built_in()[OWN].api_key_env:
            _keep_home(config, name, settings)


def settings_of(config: Config, name: str) -> ProviderSettings:
    """What holds for provider `name`: what is set, else what the catalog has; UnknownProvider where neither has it."""
    here = built_in().get(name)
    if here is None and name not in config.providers:
        raise UnknownProvider(name, names(config))
    settings = config.providers.get(name, ProviderSettings())
    if here is None:
        return settings
    return replace(
        settings,
        base_url=settings.base_url or here.base_url,
        api_key_env=settings.api_key_env or here.api_key_env,
    )


def rows(config: Config, name: str) -> Mapping[str, Model]:
    """The models that are known without asking: the catalog's, then those of the configuration."""
    here = built_in().get(name)
    known = dict(here.models) if here else {}
    settings = config.providers.get(name, ProviderSettings())
    known |= {model: Model(model) for model in settings.models if model not in known}
    return known | {
        model: replace(known.get(model) or Model(model), context=tokens) for model, tokens in settings.context.items()
    }


def with_windows(config: Config, provider: Provider, windows: Mapping[str, int]) -> Provider:
    """`provider` with the contexts that its list of models tells; what is configured goes before them."""
    return replace(provider, windows=told(config, provider.name, windows))


def told(config: Config, name: str, windows: Mapping[str, int]) -> dict[str, int]:
    """What of `windows`, which the list of provider `name` tells, holds beside what is configured."""
    configured = config.providers.get(name, ProviderSettings()).context
    return {model: tokens for model, tokens in windows.items() if model not in configured}


def choose(config: Config, name: str | None = None, model: str | None = None) -> tuple[str, str]:
    """(provider, model) for what -p and -m say; a provider other than the configured one starts with its own model."""
    provider = name or config.provider
    if model:
        return provider, model
    known = rows(config, provider)
    if provider == config.provider or config.model in known or not known:
        return provider, config.model
    return provider, next(iter(known))


def provider(
    config: Config,
    name: str,
    model: str,
    *,
    learned: Callable[[str, str], Learned] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Provider:
    """The provider `name`, ready to be asked for `model`.

    `learned` is asked with (base_url, model); `tell` is given warnings. May take 10 s where a command gives the key.
    Raises UnknownProvider, KeyMissing, BadKey, KeyCommandFailed, KeysFileError or ConfigError.
    """
    settings = settings_of(config, name)
    found = find(name, settings, tell)
    if found is None and settings.api_key_env:
        raise _missing(name, settings, built_in().get(name))
    if found is not None and (name == OWN or form_of(found.key.reveal()) == "documented"):
        _keep_home(config, name, settings)
    if tell and name == OWN and found is not None and form_of(found.key.reveal()) == "other":
        tell(say("providers.key_form"))
    return Provider(
        name,
        settings.base_url,
        key=found.key if found else None,
        models=rows(config, name),
        resume=settings.resume,
        dialect=settings.dialect,
        families=families_at(settings.base_url),
        learned=learned(settings.base_url, model) if learned else Learned(),
        local=is_loopback(host_of(settings.base_url)),
    )


def _missing(name: str, settings: ProviderSettings, here: BuiltIn | None) -> KeyMissing:
    return KeyMissing(name, settings.api_key_env, here.register if here else "")


def _keep_home(config: Config, name: str, settings: ProviderSettings) -> None:
    host = host_of(settings.base_url)
    if any(host == other or host.endswith("." + other) for other in OTHERS):
        raise config.error(("providers", name, "base_url"), say("providers.elsewhere", host=host))
