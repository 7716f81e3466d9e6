"""`unbroken models`."""

PHRASES: dict[str, str] = {
    "help": "The provider's models, with prices: ✓ offered now, – not listed by the provider, ? not known.",
    "help_provider": "The provider to ask.",
    "help_json": "As one JSON array.",
    "head_id": "model",
    "head_title": "name",
    "head_price": "$/M output",
    "head_context": "context",
    "head_offered": "offered",
    "none": "No model of “{provider}” is known. Set some as models = […] under its section of config.toml.",
    "no_key": "The provider was not asked, because there is no key. Store one with: unbroken keys set {provider}",
    "refused": "The provider refuses the key ({detail}). Store another with: unbroken keys set {provider}",
    "unreachable": "The provider gave no list: {reason} ({detail}). Try again later.",
    "known": "What is listed is known without asking.",
}
