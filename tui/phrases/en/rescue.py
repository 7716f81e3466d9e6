"""How much was saved out of a damaged journal."""

PHRASES: dict[str, str] = {
    "saved": "Saved: conversations {conversations}, prompts {turns}, replies {replies}.",
    "cut": "Of {count} only the beginning is left.",
    "unproven": "{count} long ones look whole, which nothing proves.",
    "lost": "Lost for certain: conversations {conversations}, prompts and replies {others}.",
    "none_lost": "Nothing is known to be missing.",
}
