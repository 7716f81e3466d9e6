"""The Output pane."""

PHRASES: dict[str, str] = {
    "title": "Output",
    "seam": "┄┄ resumed after {gap} s · {how} · seam verified ┄┄",
    "seam_open": "!! resumed after {gap} s · {how} · seam NOT verified, the text may not fit !!",
    "seam_models": "{how} · {before} → {after}",
    "thinking": "thinking · {line}",
    "queued": "queued: {prompt}",
    "prompt_more": "… and {count} more characters",
    "welcome_title": "unbroken",
    "welcome_what": "Chat with language models. When the network breaks, the answer goes on where it stopped.",
    "welcome_start": "Type a question below and press Enter.",
    "welcome_keys": (
        "Enter   send\n"
        "Ctrl+J  new line\n"
        "Esc     stop the answer\n"
        "Ctrl+R  resume an answer that was cut\n"
        "Ctrl+O  choose a model\n"
        "F1      help\n"
        "Ctrl+Q  quit"
    ),
}
