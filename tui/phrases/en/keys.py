"""`unbroken keys`."""

PHRASES: dict[str, str] = {
    "help": "The keys of providers. A key is never shown, and never taken from the command line.",
    "help_set": "Store the key of PROVIDER (default: the configured one): typed unseen, or read from stdin.",
    "help_list": "Where each provider's key comes from.",
    "help_remove": "Forget the stored key of PROVIDER (default: the configured one).",
    "prompt": "Key of {provider} (it is not shown)",
    "on_command_line": "A key on a command line is seen by others and kept by the shell. Nothing was stored.",
    "on_command_line_do": "Replace that key, then: unbroken keys set [PROVIDER], which asks for it.",
    "refused": "This cannot be a key: {reason}. Nothing was stored; a key stored before stays.",
    "refused_do": "Copy it again, whole and alone, then: unbroken keys set",
    "stored": "Stored the key of {provider} in {file}, readable by you alone.",
    "variable_wins": "{variable} is set, and its key is used before the stored one.",
    "mask": "{prefix}… ({length} characters)",
    "from_variable": "{key} from {variable}",
    "from_command": "from api_key_command (not run now)",
    "from_file": "{key} stored",
    "none": "none: set {variable} or use `unbroken keys set`",
    "not_needed": "none set, none needed",
    "orphan": "{key} stored, but there is no such provider",
    "removed": "Forgot the stored key of {provider}.",
    "nothing_to_remove": "No key of {provider} is stored; nothing was changed.",
}
