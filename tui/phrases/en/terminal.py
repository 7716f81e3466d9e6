"""The full screen's end after a fault of the program itself."""

PHRASES: dict[str, str] = {
    "crash_logged": (
        "unbroken has stopped because of a fault of its own ({what}). Everything saved up to then is kept: "
        "start it again with `unbroken -c`. The details, without keys, are in {path}"
    ),
    "crash_unlogged": (
        "unbroken has stopped because of a fault of its own ({what}). Everything saved up to then is kept: "
        "start it again with `unbroken -c`."
    ),
}
