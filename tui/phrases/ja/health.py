"""ジャーナルの検査で見つかること。"""

PHRASES: dict[str, str] = {
    "none_yet": "ジャーナルはまだありません。{path} に作られます。",
    "file": "ジャーナル {path} は開けて書き込めます（会話 {count} 件、{size} MB）。",
    "not_writable": "ジャーナル {path} は開けますが書き込めません（会話 {count} 件、{size} MB）。",
    "locked": "ジャーナル {path} は開けますが、別のプログラムがロックしています（会話 {count} 件、{size} MB）。",
    "full": "ジャーナル {path} のディスクは残り {free} MB しかありません（会話 {count} 件、{size} MB）。",
    "networked": "ジャーナルはネットワークファイルシステム（{kind}）上にあります。"
    "複数のマシンから同時に使うと破損するおそれがあります。",
    "networked_do": "同時に使うのは 1 台だけにするか、UNBROKEN_DATA_DIR でこのマシンのディレクトリを指定してください。",
    "whole": "ジャーナルに破損はありません。",
    "damaged": "ジャーナルが破損しています：{detail}",
    "damaged_do": "unbroken をすべて終了してから doctor で修復してください。"
    "読める内容は新しいジャーナルに移し、破損したファイルはその横に残します。",
    "no_orphans": "書き込み中の返答は、すべて動作中のプロセスのものです。",
    "orphans": "終了したプロセスのもののままになっている返答：{count} 件。",
    "orphans_do": "文章は無事です。修復すると解放されます。どちらの場合でも再開できます。",
    "none_interrupted": "中断された返答はありません。",
    "interrupted": "完了する前に中断された返答：{count} 件。",
    "interrupted_do": "会話を開いて Ctrl+R を押すと再開できます。",
    "backup": "修復前のジャーナルのコピー：{path}",
    "no_backup": "ジャーナルをコピーできなかったため、何も修復していません。",
    "released": "終了したプロセスから解放した返答：{count} 件。",
    "rescued": "{saved}新しいジャーナルに移しました。破損したファイルは残してあります：{path}",
}
