"""コマンドラインそのもの：ヘルプ、使い方の誤り、終わり方。"""

PHRASES: dict[str, str] = {
    "about": "ネットワークが切れても回答が失われない、端末で使う LLM チャットです。コマンドなしで全画面になります。",
    "commands": "コマンド",
    "about_ask": "回答を一つ標準出力に出します。",
    "about_models": "モデルと価格です。",
    "about_history": "会話の一覧、表示、書き出しです。",
    "about_keys": "プロバイダーの鍵です。",
    "about_local": "内蔵モデルの導入、削除、状態です。",
    "about_config": "設定の場所、内容、ひな形です。",
    "version": "版を表示します。",
    "model": "尋ねるモデル。",
    "provider": "尋ねるプロバイダー。",
    "local": "内蔵モデルを使います。鍵もネットワークも要りません。",
    "continue": "前回の会話を続けます。",
    "log": "通信の記録を鍵を除いて FILE に書きます。",
    "usage": "{reason}",
    "usage_help": "何もしていません。ヘルプ：{command} --help",
    "no_option": "{option} というオプションはありません。",
    "no_command": "「{name}」というコマンドはありません。",
    "no_command_ask": "質問は `unbroken ask` に渡してください。",
    "missing": "{name} がありません。",
    "bad_value": "{name} が正しくありません：{reason}",
    "not_for": "{option} は `{command}` では使えません。",
    "no_terminal": "全画面には入力と出力の両方に端末が必要です。何も開始していません。",
    "no_terminal_do": '端末がないときは：unbroken ask "…"',
    "output": "出力を書き込めませんでした：{reason}。受け取ったものは履歴に残っています。",
    "crash": "unbroken の不具合で終了しました（{kind}）。それまでに受け取ったものは残っています。\n"
    "原因を調べるための情報は {file} にあります。鍵や回答は含みません。",
    "crash_unwritten": "unbroken の不具合で終了しました（{kind}）。それまでに受け取ったものは残っています。\n"
    "データのディレクトリにも一時ディレクトリにも書けないため、報告は残せませんでした。",
}
