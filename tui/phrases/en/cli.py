"""The command line itself: help, usage errors, how it ends."""

PHRASES: dict[str, str] = {
    "about": "LLM chat in the terminal whose answers survive the network. Without a command: the full screen.",
    "commands": "Commands",
    "about_ask": "One answer to stdout.",
    "about_models": "The models, with prices.",
    "about_history": "Conversations: list, show, export.",
    "about_keys": "The keys of providers.",
    "about_local": "The embedded model: install, remove, status.",
    "about_config": "The configuration: path, show, init.",
    "version": "Print the version.",
    "model": "The model to ask.",
    "provider": "The provider to ask.",
    "local": "Use the embedded model: no key, no network.",
    "continue": "Go on with the last conversation.",
    "log": "Write what happens on the wire to FILE, without keys.",
    "usage": "{reason}",
    "usage_help": "Nothing was done. Help: {command} --help",
    "no_option": "There is no option {option}.",
    "no_command": "There is no command “{name}”.",
    "no_command_ask": "A prompt goes to `unbroken ask`.",
    "missing": "{name} is missing.",
    "bad_value": "{name} is wrong: {reason}",
    "not_for": "{option} means nothing to `{command}`.",
    "no_terminal": "The full screen needs a terminal for both input and output; nothing was started.",
    "no_terminal_do": 'Without one: unbroken ask "…"',
    "output": "The output could not be written: {reason}. What was received is kept in the history.",
    "crash": "A mistake in unbroken ended it ({kind}). What was received up to then is kept.\n"
    "What is needed to find the mistake is in {file}, without keys or answers.",
    "crash_unwritten": "A mistake in unbroken ended it ({kind}). What was received up to then is kept.\n"
    "No report could be written: neither the data directory nor the temporary one takes files.",
}
