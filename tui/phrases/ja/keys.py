"""`unbroken keys`。"""

PHRASES: dict[str, str] = {
    "help": "プロバイダーの鍵です。鍵を表示することも、コマンドラインから受け取ることもありません。",
    "help_set": "PROVIDER（省略時は設定のもの）の鍵を保存します。見えないように入力するか、標準入力から読みます。",
    "help_list": "各プロバイダーの鍵がどこから来るかを表示します。",
    "help_remove": "保存した PROVIDER（省略時は設定のもの）の鍵を消します。",
    "prompt": "{provider} の鍵（表示されません）",
    "on_command_line": "コマンドラインの鍵は他人に見え、シェルの履歴にも残ります。保存しませんでした。",
    "on_command_line_do": "その鍵を交換してから unbroken keys set [PROVIDER] を実行し、求められたら入力してください。",
    "refused": "これは鍵として使えません：{reason}。何も保存していません。以前の鍵はそのままです。",
    "refused_do": "鍵だけを全体コピーし直して、unbroken keys set を実行してください。",
    "stored": "{provider} の鍵を {file} に保存しました。読めるのはあなただけです。",
    "variable_wins": "{variable} が設定されているため、保存した鍵よりそちらが使われます。",
    "mask": "{prefix}…（{length} 文字）",
    "from_variable": "{key}、{variable} から",
    "from_command": "api_key_command から（今は実行しません）",
    "from_file": "{key}、保存済み",
    "none": "なし。{variable} を設定するか `unbroken keys set` を使ってください",
    "not_needed": "指定なし、不要",
    "orphan": "{key}、保存済みですが、そのプロバイダーはありません",
    "removed": "保存していた {provider} の鍵を消しました。",
    "nothing_to_remove": "{provider} の鍵は保存されていません。何も変えていません。",
}
