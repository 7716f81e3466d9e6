"""プロバイダーとその鍵。"""

PHRASES: dict[str, str] = {
    "unknown": "「{name}」というプロバイダーはありません。何も送っていません。",
    "elsewhere": "HolySheep の鍵を {host} へ送ることはありません。base_url かそのプロバイダーの鍵を変えてください。",
    "key_missing_register": "{provider} の鍵がありません。{variable} が未設定で、保存された鍵もありません。"
    "何も送っていません。\n"
    "export {variable}='your-key-here'（鍵は {register} で得られます）、`unbroken keys set`、"
    "または鍵の要らない `unbroken --local` を使ってください。",
    "key_missing": "{provider} の鍵がありません。{variable} が未設定で、保存された鍵もありません。"
    "何も送っていません。\n"
    "export {variable}='your-key-here' または `unbroken keys set {provider}` を使ってください。",
    "key_missing_stored": "{provider} の鍵がありません。何も送っていません。\n"
    "`unbroken keys set {provider}` で保存してください。",
    "key_form": "鍵の形が HolySheep の文書（hs_ と 32 文字以上の英数字）と違います。そのまま使います。",
    "key_empty": "空です",
    "key_long": "{limit} 文字を超えています",
    "key_letters": "空白、制御文字、または ASCII 以外の文字が含まれています",
    "bad_key": "{source} の鍵は使えません：{reason}。何も送っていません。",
    "from_variable": "環境変数 {variable}",
    "from_command": "api_key_command",
    "from_file": "鍵ファイル",
    "command_start": "api_key_command を起動できませんでした：{reason}。何も送っていません。",
    "command_slow": "api_key_command が {limit} 秒以内に鍵を返さなかったため止めました。何も送っていません。",
    "command_status": "api_key_command は状態 {status} で失敗しました。送信はしていません。手で実行してください。",
    "command_empty": "api_key_command は何も出力しませんでした。何も送っていません。",
    "file_open_to_others": "{file} は他の利用者にも読める状態だったため、直しました。中の鍵の交換をお勧めします。",
    "file_unreadable": "{file} を読めません：{reason}。そのまま残してあります。",
    "file_unwritable": "{file} に書き込めません：{reason}。中の鍵はそのままです。",
    "file_broken": "{file} は鍵ファイルではないため、そのまま残しました。"
    "別の場所へ移してから `unbroken keys set` を使ってください。",
}
