"""読み込む文書についての言葉。"""

PHRASES: dict[str, str] = {
    "untouched": "ジャーナルは変更していません。",
    "do": "`unbroken history export --format json` が書き出した文書全体を指定してください。",
    "cut": "文書が {at} 文字目で途切れています（完全な会話は {count} 件）。",
    "not_json": "文書の {at} 文字目が JSON ではありません（完全な会話は {count} 件）。",
    "foreign": "unbroken が書き出した文書ではありません。",
    "newer": "文書のバージョンは {version} ですが、この unbroken が扱えるのは {known} までです。",
    "wrong_field": "文書の次の場所が書き出しの形式と異なります：{where}。",
    "read": "{percent} %（{megabytes} MB）読み込みました。",
    "indexing": "読み込みました。検索できるようにしています…",
    "indexed": "検索できる割合：{percent} %。",
    "done": "新しい会話 {conversations} 件、ターン {turns} 件、返答 {replies} 件。それ以外は既にありました。",
}
