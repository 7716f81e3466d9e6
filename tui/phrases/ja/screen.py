"""The panes but for the answer, and the dialogs."""

PHRASES: dict[str, str] = {
    # Conversation
    "conversation": "会話",
    "no_turns": "まだ質問はありません",
    # Connection
    "connection": "接続",
    "link_idle": "待機中",
    "link_connecting": "接続しています",
    "link_waiting": "応答を待っています",
    "link_waiting_for": "応答待ち {seconds} 秒",
    "link_streaming": "受信中",
    "link_stalled": "停滞しています",
    "link_stalled_for": "{seconds} 秒間、文字が届いていません",
    "link_backing_off": "再接続します",
    "link_reconnecting_in": "再接続まで {seconds} 秒",
    "link_reconnecting_later": "再接続まで {time}",
    "link_resuming": "続きから再開しています",
    "link_done": "完了",
    "link_failed": "失敗",
    "link_stopped": "停止しました",
    "link_elsewhere": "別のウィンドウが書き込み中",
    "link_alive": "サーバーは動作中",
    "link_silent": "{seconds} 秒間、無通信",
    "link_retry": "再試行 {n}/{max}",
    "link_conn": "接続 #{id}",
    "link_failed_do": "Ctrl+R で再試行",
    "probe_none": "未計測",
    "probe_lost": "応答なし",
    "probe_target": "目標 <{ms}",
    "probe_loss": "損失 {lost}/{of}",
    "probe_jitter": "ゆらぎ",
    "probe_paused": "休止中",
    # Prompt
    "ask": "質問を入力…",
    # Footer
    "tokens": "{n} トークン",
    "queued": "{n} 件が順番待ち（Esc で取り消し）",
    "key_send": "送信",
    "key_newline": "改行",
    "key_stop": "停止",
    "key_resume": "再開",
    "key_model": "モデル",
    "key_copy": "コピー",
    "key_quit": "終了",
    "key_help": "ヘルプ",
    "key_pages": "ページ",
    "key_end": "末尾へ",
    "key_past": "履歴",
    "key_turns": "移動",
    "key_new": "新規",
    "key_mouse": "マウス",
    # Help
    "help_title": "キー操作",
    "help_close": "Esc で閉じます",
    "do_send": "質問を送ります。回答の途中なら順番待ちに入れます",
    "do_newline": "入力欄で改行します",
    "do_stop": "最後に並べた質問を取り消します。なければ回答を止めます",
    "do_resume": "失敗した回答、止めた回答、上限で終わった回答を続けます",
    "do_model": "次の質問に使うモデルを選びます",
    "do_copy": "選択範囲をコピーします。なければ回答を止め、2秒以内に2回押すと終了します",
    "do_quit": "終了します。回答の途中ならどうするかを尋ねます",
    "do_help": "この一覧を表示します",
    "do_pages": "回答のページをめくります",
    "do_end": "回答の末尾へ移り、続きを追います",
    "do_past": "入力欄の先頭行で、以前の質問を呼び出します",
    "do_turns": "ペインの間を移動します。会話では矢印キーで別の質問を表示します",
    "do_new": "新しい会話を始めます",
    "do_mouse": "マウスを端末に渡します。もう一度押すと戻ります",
    # Models
    "models_title": "次の質問に使うモデル",
    "models_keys": "↑ ↓ 移動 · Enter 決定 · Esc 閉じる",
    "models_filter": "入力して絞り込み",
    "models_price": "$/M 出力",
    "model_in_use": "使用中",
    "model_no_match": "入力した語をすべて含むモデルはありません。",
    "model_present": "提供されています",
    "model_absent": "提供元の一覧にありません",
    "model_unknown": "提供元の一覧はまだ届いていません",
    # First run
    "first_title": "unbroken へようこそ",
    "first_keys": "↑ ↓ 移動 · Enter 決定 · Esc 戻る",
    "first_text": "API キーがまだありません。モデルを使う方法は 3 つあります。",
    "first_key": "HolySheep の API キーを貼り付ける",
    "first_local": "このマシン上の小さなモデルを使う（キー不要）",
    "first_other": "ほかのプロバイダーの追加方法を読む",
    "first_key_text": (
        "キーの取得先: {url}\n下の欄に貼り付けるか（画面には表示しません）、起動前にシェルで設定してください。\n{line}"
    ),
    "first_key_field": "Enter を押してからキーを貼り付けてください",
    "first_local_text": (
        "SmolLM2-135M は小さなデモ用モデルです。大きさは93MB、取得は一度だけです。\n"
        "動作を確かめるためのもので、回答の内容は信頼しないでください。\n"
        "Enter で始めます。"
    ),
    "first_local_begins": "準備しています…",
    "first_other_text": (
        "chat completions に対応したサーバーなら何でも使えます。次の内容を\n{path}\n"
        "に書いて、もう一度起動してください。"
    ),
    "key_form": "通常の形式（hs_ と 32 文字以上の英数字）と異なります。Enter を押せばそのまま確認します。",
    "key_impossible": "キーとして使えません。空白を含まない ASCII の英数字と記号だけが使えます。",
    "key_enter": "Enter で確認します。",
    "key_testing": "キーを確認しています…",
    "key_accepted": "キーは有効です。",
    "key_kept": "キーは {file} に保存しました（本人だけが読めます）。`unbroken keys remove` で消せます。",
    "key_refused": "このキーは拒否されました。何も保存していません。別のキーを貼り付けてください。",
    "key_unreachable": "キーを確認できませんでした。Enter でそのまま使います。別のキーも貼り付けられます。",
    # Leave
    "leave_title": "回答はまだ途中です",
    "leave_text": "どれを選んでも、ここまでに届いた文は残ります。",
    "leave_finish": "完了まで待つ: 画面を閉じ、回答が終わってから終了します",
    "leave_stop": "中止: 回答をここで止めて終了します",
    "leave_stay": "このまま続けます",
    # A long wait
    "wait_title": "サーバーが長い待ち時間を求めています",
    "wait_budget_title": "このプロバイダーへの再試行が続いています",
    "wait_text": "{model} に次に尋ねられるのは {time}後です。ここまでに届いた文は残ります。",
    "wait_wait": "そのまま待ちます",
    "wait_model": "別のモデルを選び、続きから再開します",
    "wait_stop": "回答をここで止めます",
    # Too small
    "too_small": (
        "端末の大きさは {now_width}x{now_height} です。unbroken には {width}x{height} が必要です。"
        "内容はすべて残り、処理も続きます。ウィンドウを広げてください。"
    ),
    "too_small_short": "{width}x{height} 以上に広げてください。内容は保たれています。",
    "output_title": "出力 · {model} · 返答 {reply}/{replies}",
    "copy_sent": "端末のクリップボードに送りました。対応していない端末もあります。",
    "quit_again": "もう一度 Ctrl+C を押すと終了します。",
    "nothing_to_resume": "この返答は完全です。再開するものはありません。",
    "mouse_taken": "マウスをこのアプリに戻しました。",
    "mouse_given": "マウスを端末に渡しました。いつもどおり選択できます。",
    "demo_model": "{model}（小型デモ）",
    "busy_elsewhere": "別のウィンドウがこの返答を書き込み中です。停止はそちらで行ってください。",
    "interrupted_other": (
        "この返答の提供元にはここから接続できません。本文は残っています。Ctrl+R で選択中のモデルが続けます。"
    ),
}
