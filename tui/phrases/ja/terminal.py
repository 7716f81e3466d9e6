"""The full screen's end after a fault of the program itself."""

PHRASES: dict[str, str] = {
    "crash_logged": (
        "unbroken は自身の不具合（{what}）のため終了しました。それまでに保存された内容は残っています。"
        "`unbroken -c` で再開できます。詳細（キーは含みません）: {path}"
    ),
    "crash_unlogged": (
        "unbroken は自身の不具合（{what}）のため終了しました。それまでに保存された内容は残っています。"
        "`unbroken -c` で再開できます。"
    ),
}
