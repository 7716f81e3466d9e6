"""What an examination of the journal finds."""

PHRASES: dict[str, str] = {
    "none_yet": "There is no journal yet; it will be {path}.",
    "file": "The journal {path} opens and can be written: conversations {count}, {size} MB.",
    "not_writable": "The journal {path} opens but cannot be written: conversations {count}, {size} MB.",
    "locked": "The journal {path} opens, but another program has locked it: conversations {count}, {size} MB.",
    "full": "The disk of the journal {path} is full, or nearly: {free} MB are left (conversations {count}, {size} MB).",
    "networked": "The journal lies on a network file system ({kind}): two machines that use it at once can damage it.",
    "networked_do": "Use it from one machine at a time, or name a directory of this machine in UNBROKEN_DATA_DIR.",
    "whole": "The journal is whole.",
    "damaged": "The journal is damaged: {detail}",
    "damaged_do": "Close every unbroken and let the doctor repair it: what can be read is taken into a new journal, "
    "and the damaged file is kept beside it.",
    "no_orphans": "Every reply that is being written has a process that lives.",
    "orphans": "Replies that still belong to a process that is gone: {count}.",
    "orphans_do": "Their text is safe. A repair releases them; resuming them works either way.",
    "none_interrupted": "No reply was interrupted.",
    "interrupted": "Replies that were interrupted before they were whole: {count}.",
    "interrupted_do": "Open the conversation and press Ctrl+R to resume one.",
    "backup": "A copy of the journal as it was: {path}",
    "no_backup": "The journal could not be copied, so nothing was repaired.",
    "released": "Released replies whose process is gone: {count}.",
    "rescued": "{saved} They are in a new journal; the damaged file is kept: {path}",
}
