"""出力ペイン。"""

PHRASES: dict[str, str] = {
    "title": "出力",
    "seam": "┄┄ {gap} 秒後に再開 · {how} · つなぎ目を確認済み ┄┄",
    "seam_open": "!! {gap} 秒後に再開 · {how} · つなぎ目は未確認、文がつながらないことがあります !!",
    "seam_models": "{how} · {before} → {after}",
    "thinking": "思考中 · {line}",
    "queued": "送信待ち: {prompt}",
    "prompt_more": "… ほか {count} 文字",
    "welcome_title": "unbroken",
    "welcome_what": "言語モデルとチャットできます。通信が切れても、回答は止まったところから続きます。",
    "welcome_start": "下の欄に質問を入力して Enter を押してください。",
    "welcome_keys": (
        "Enter   送信\n"
        "Ctrl+J  改行\n"
        "Esc     回答を止める\n"
        "Ctrl+R  途切れた回答を再開\n"
        "Ctrl+O  モデルを選ぶ\n"
        "F1      ヘルプ\n"
        "Ctrl+Q  終了"
    ),
}
