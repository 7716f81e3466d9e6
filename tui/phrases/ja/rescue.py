"""破損したジャーナルから救い出せた量。"""

PHRASES: dict[str, str] = {
    "saved": "救い出せたもの：会話 {conversations} 件、質問 {turns} 件、返答 {replies} 件。",
    "cut": "{count} 件は冒頭だけが残りました。",
    "unproven": "長い文章 {count} 件は、欠けていないように見えますが確認できません。",
    "lost": "確実に失われたもの：会話 {conversations} 件、質問と返答 {others} 件。",
    "none_lost": "欠けていると分かっているものはありません。",
}
