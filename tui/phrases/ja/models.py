"""`unbroken models`."""

PHRASES: dict[str, str] = {
    "help": "プロバイダーのモデルと料金です。✓ 現在提供中、– プロバイダーの一覧になし、? 不明。",
    "help_provider": "問い合わせるプロバイダーです。",
    "help_json": "1 つの JSON 配列で出力します。",
    "head_id": "モデル",
    "head_title": "名前",
    "head_price": "$/M 出力",
    "head_context": "コンテキスト",
    "head_offered": "提供",
    "none": "「{provider}」のモデルは分かっていません。"
    "config.toml の該当セクションに models = […] を設定してください。",
    "no_key": "キーがないため、プロバイダーには問い合わせていません。キーの保存: unbroken keys set {provider}",
    "refused": "プロバイダーがキーを拒否しました（{detail}）。別のキーの保存: unbroken keys set {provider}",
    "unreachable": "プロバイダーから一覧を取得できませんでした: {reason}（{detail}）。後でもう一度お試しください。",
    "known": "表示されているのは、問い合わせずに分かっているモデルです。",
}
