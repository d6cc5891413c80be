# The advice: where a domain stands, the verdict, the evidence, the one next step.
# 用語は words.ftl にあります。
advice-stage-nothing-published = 分かっている範囲では、まだ何も公開されていません
advice-stage-tlsrpt-record = TLSRPT レコードを公開済み
advice-stage-policy-host = ポリシーホストは応答していますが、STS レコードが確認できません
advice-stage-testing = テストモード（testing）。ポリシーと STS レコードを公開済み
advice-stage-evidence-gathered = テストモード（testing）。判断に足りるレポートが集まっています
advice-stage-enforce = 強制モード（enforce）
advice-stage-leaving = 運用終了の途中（mode は none）

# Question and answer. What is asked hangs on the stage.
advice-question = { $stage ->
    [leaving] レコードとポリシーホストを撤去できますか？
    [enforce] このまま enforce を続けられますか？
   *[other] enforce に移行できますか？
}
advice-verdict-ready = { $stage ->
    [leaving] はい、撤去できます
   *[other] はい、移行できます
}
advice-verdict-not-yet = { $stage ->
    [leaving] まだです
   *[other] まだです
}
advice-verdict-blocked = { $stage ->
   *[other] いいえ、妨げとなる問題があります
}
advice-verdict-cannot-tell = { $stage ->
   *[other] 判断できません
}
advice-verdict-keep = { $stage ->
   *[other] はい、enforce を続けてください
}
advice-verdict-step-back = { $stage ->
   *[other] いま、メールが拒否されています。原因を直すか、testing に戻してください
}

# The evidence, a line each; the view that has it stands behind.
advice-reason-sample-data = サンプルデータです（実在のメールではありません）
advice-reason-policy-not-here = このドメインのポリシーがここにないため、現在配信中の内容が分かりません
advice-reason-covered-days = 現在の本文に基づく証明済みレポートで、良好なセッションのあった日: { $found } 日（基準 { $bar } 日{ $since ->
    [none] { "" }
    [failure] 、最後に妨げとなる失敗があった後の { $start } から
    [mx-changed] 、MX ホストを変更した { $start } から
    [policy-changed] 、この本文の配信を始めた { $start } から
    [sixty-days] 、直近 60 日間の { $start } から
   *[other] 、{ $start } から
}）
advice-reason-sessions = これらのレポートのセッション数: { $found }（基準 { $bar }）
advice-reason-reporters = 送信元が証明された報告者: { $found } 者（基準 { $bar } 者）
advice-reason-reports-none = 送信元が証明された TLS レポートは、まだ届いていません
advice-reason-reports-stopped = 最後の証明済みレポートは { $last } 分で、{ $days } 日前です（基準 { $bar } 日以内）
advice-reason-reports-late = 直近 { $days } 日分は出そろっていません。レポートは翌日以降、遅いものは数週間後に届きます
advice-reason-reports-not-proven = 送信元を証明できないレポートが { $count } 通あります（判断には使いません）
advice-reason-older-text-held = 直近 7 日間のレポートのうち { $count } 通は古い本文に基づくため、数えません
advice-reason-failures-none = 直近 { $days } 日間と集計対象の期間に、妨げとなる失敗の報告はありません
advice-failure = { $reporter }: { $kind ->
    [not-stated] 種類が示されていない失敗
   *[other] { $kind }
}{ $has_host ->
    [yes] （{ $host }）
   *[no] { "" }
}、{ $count } セッション、最後は { $last }
advice-reason-failures-watched = { advice-failure }。今のところ妨げにはなりません
advice-reason-failures-over = { advice-failure }。その後から日数を数え直しています
advice-reason-failures-recent = { advice-failure }。その後のレポートは良好ですが、まだ { $days } 日たっていません
advice-reason-failures-blocking = { advice-failure }。enforce ではこのメールが拒否されます
advice-reason-fetch-failures-blocking = { advice-failure }。メールは届きますが、ポリシーで保護されません
advice-reason-operator-confirmed = { $name } は現在の本文を保持しています（{ $confirmation ->
    [confirmed-by-fetch] 取得で確認
    [confirmed-by-report] TLS レポートで確認
    [confirmed-by-both] 取得と TLS レポートで確認
   *[other] { $confirmation }
}）
advice-reason-operator-not-confirmed = { $name } が現在の本文を保持しているか、確認できていません（{ $confirmation ->
    [confirmed-by-fetch] 取得で確認
    [confirmed-by-report] TLS レポートで確認
    [confirmed-by-both] 取得と TLS レポートで確認
    [owned-network-only] 同社のネットワークからの取得のみ
    [claimed-only] 名乗りのみ
    [not-seen] 取得もレポートもなし
   *[other] { $confirmation }
}{ $has_older ->
    [yes] 。ただし古い本文を保持
   *[no] { "" }
}）
advice-reason-operator-silent = これまでの間隔から見て途絶えた事業者: { $names }
advice-reason-check-none = 外部からの検査がまだ行われていません
advice-reason-check-old = 外部からの最後の検査は { $days } 日前です（基準 { $bar } 日以内）
advice-reason-check-errors = 最後の検査で { $count } 件のエラーが見つかりました: { $codes }
advice-reason-check-unfinished = 最後の検査では、確認できない重要な項目がありました
advice-reason-check-right = 外部からの最後の検査でエラーはありませんでした
advice-reason-policy-not-on-line = ポリシーホストがポリシーの本文を返しませんでした
advice-reason-sts-record-none = STS レコードがないため、どの送信側もポリシーを取りに来ません
advice-reason-mx-not-covered = ポリシーのどの mx にも一致しない MX ホスト: { $hosts }。enforce ではここへのメールが拒否されます
advice-reason-mx-failing = enforce の要件を満たさない MX ホスト: { $hosts }
advice-reason-mx-not-seen = まだ接続できていない MX ホスト: { $hosts }。25 番ポートで外に接続できるマシンから検査してください
advice-reason-mx-none = MX ホストが 1 台も分かっていません
advice-reason-mx-right = MX ホスト { $count } 台中 { $seen } 台が enforce の要件を満たしました
advice-reason-certificate-unknown = 証明書を確認できていません
advice-reason-certificate-ended = { $host } の証明書が { $day } に期限切れになりました
advice-reason-certificate-ends-soon = 最も早く期限を迎える証明書は残り { $days } 日: { $host }（基準 { $bar } 日以上）
advice-reason-certificate-lasts = 最も早く期限を迎える証明書は残り { $days } 日: { $host }
advice-reason-max-age = max_age は { $age }。全 { $steps } 段階の { $step } 段階目（前は { $before ->
    [0] testing
    [1] 1 日
    [7] 1 週間
   *[other] { $before } 日
}、{ $after ->
    [0] これが最後の段階
    [1] 次は 1 日
    [7] 次は 1 週間
    [14] 次は 2 週間
   *[other] 次は { $after } 日
}）
advice-reason-old-policy-held = 最後の古いポリシー: { $until } { $is_over ->
    [yes] に期限切れ
   *[no] まで保持される可能性あり
}。これに STS レコードの TTL が加わります。最長の max_age は { $longest }
advice-reason-old-policy-unknown = 古いポリシーがいつまで保持されるか分かりません

# The steps.
advice-step-find-policy = まず外部から検査してください。ご自身のドメインであれば、公開中のポリシーを取り込むか、ポリシーを置いたフォルダーを MTA_STS_POLICIES で指定してください。
advice-step-cover-mx = すべての MX ホストをポリシーの mx に含めてください。現状: { $because }。
advice-step-mend-mx = 要件を満たさない MX ホストの TLS を直してください。現状: { $because }。
advice-step-renew-certificate = { $has_ended ->
    [yes] 期限切れの証明書を更新してください。
   *[no] まもなく期限を迎える証明書を更新し、それを使うサーバーに再読み込みさせてください。
}現状: { $because }。
advice-step-mend-failures = 送信側から報告された失敗を、示された対処に従って直してください。現状: { $because }。
advice-step-mend-policy-host = 送信側がポリシーを取得できない原因を直してください。送信側がここまで来たかどうかは取得記録で分かります。現状: { $because }。
advice-step-mend-errors = 最後の検査で見つかったエラーを直してください。現状: { $because }。
advice-step-check-first = まず外部から検査してください。何が公開されているか、まだ分かっていません。
advice-step-check-now = 外部から検査してください。{ $because }。
advice-step-check-again = もう一度、外部から検査してください。{ $because }。
advice-step-publish-tlsrpt-record = 最初に TLSRPT レコードを公開してください。最初の失敗から報告を受け取れます。
advice-step-publish-policy-host = { $host } から HTTPS でポリシーを配信してください。
advice-step-publish-sts-record = STS レコードを公開してください。これを見て、送信側はポリシーを取りに来ます。
advice-step-take-in-reports = TLS レポートを取り込んでください。レポート用のメールボックスが誰からのメールでも受け取れることも確認してください。{ $because }。
advice-step-confirm-operators = { $operator } に現在の本文を取得させてください。そこからこのドメインにメールを 1 通送ります。新しい id を公開すれば、すべての送信側が取得し直します。
advice-step-wait-until = 毎日のレポートを取り込みながら待ちます。条件がそろうのは、早くて { $soonest } です。
advice-step-wait-more = セッションと報告者が増えるのを待ちます。小規模なドメインでは --min-sessions で基準を下げられます（基準は判定とともに表示されます）。
advice-length = { $days ->
    [1] 1 日
    [7] 1 週間
    [14] 2 週間
   *[other] { $days } 日
}
advice-step-enforce = max_age を { advice-length }にして enforce へ移行してください。誤りがあっても、影響はこの期間で消えます。コマンドは各手順と戻し方を表示します。
advice-step-mend-or-step-back = いま、メールが拒否されています。原因を直すのが早道です。送信側の再送期間内に直せない場合は testing に戻してください。
advice-step-raise-max-age = max_age を { advice-length }に延ばしてください。これまでは { $before } でした。
advice-step-watch = enforce を続け、次のものを見守ってください: 週に 1 回の検査、送信側から報告される失敗、証明書の期限、途絶えた送信側。戻すときは、新しい id とともに mode を testing にします。
advice-step-remove-record = STS レコードを削除し、その TTL が過ぎてから、ポリシーホストとポリシーファイルを削除してください（RFC 8461、8.3）。TLSRPT レコードは残してかまいません。
advice-step-keep-none = { $is_known ->
    [yes] { $until } まで
   *[no] これまでに配信した最長の max_age が過ぎるまで
}、mode none の配信とレコードを続けてください（RFC 8461、8.3）。

# On the terminal.
advice-sample-line = サンプルデータ: { $text }
advice-title = { $domain }{ $is_sample ->
    [yes] （サンプルデータ）
   *[no] { "" }
}: { $stage }
advice-next = 次の手順: { $step }
advice-answer = { $question } { $verdict }。{ $bars }
advice-bars = （基準: { $days } 日、{ $sessions } セッション、報告者 { $reporters } 者、直近 { $recent } 日間に妨げとなる失敗がないこと）
advice-against = 妨げるもの
advice-unknown = 分かっていないこと、判断に使わないもの
advice-for = 裏付けるもの
advice-from = { $text } [{ $source }]
advice-at = { $time }、{ $view }
advice-back = 戻し方: mta-sts mode { $domain } testing が手順を表示します。メールが不達になったときは: mta-sts incident { $domain }
advice-refused = { $stage ->
    [enforce] 証明されたレポートによると、直近 { $days } 日間に enforce により拒否されたのは { $count } セッションです。
   *[other] 証明されたレポートによると、直近 { $days } 日間に enforce であれば拒否されていたのは { $count } セッションです。
}
advice-refused-line = { $count } セッション: { $kind ->
    [not-stated] 種類が示されていない失敗
   *[other] { $kind }
}{ $has_host ->
    [yes] （{ $host }）
   *[no] { "" }
}、報告者 { $reporter }、{ $is_one_day ->
    [yes] { $first }
   *[no] { $first } から { $last }
}。{ $cause }対処: { $remedy }
advice-refused-more = ほか { $count } 種類: mta-sts failures
advice-none-known = まだドメインがありません。最初のコマンド: mta-sts init example.com
advice-counts = { $count } ドメイン: { $told }。{ $bars }
