# The page that people look at: one domain, and the index of many.
page-title = { $domain } の MTA-STS
page-index-title = { $count } ドメインの MTA-STS
page-made = { $time } 作成（{ $zone }）
page-sample = サンプルデータ（実在のメールではありません）
page-sample-tag = サンプル
page-skip = 本文へ
page-all-domains = ドメイン一覧
page-live-refresh = 1 分ごとに再読み込み
page-live-still = 再読み込みを止める

# The first screen. Headlines by verdict; in enforce and on the way out they have their own.
page-headline-ready = enforce に移行できます
page-headline-not-yet = enforce への移行はまだ早いです
page-headline-blocked = enforce にしないでください。失敗が起きています
page-headline-cannot-tell = enforce に移行できるか、まだ判断できません
page-headline-keep = enforce で運用中です。問題は見つかっていません
page-headline-step-back = メールが拒否されています。すぐに対応が必要です
page-headline-leaving-ready = レコードとポリシーホストを撤去できます
page-headline-leaving-not-yet = 当面は mode none の配信を続けてください
page-headline-leaving-cannot-tell = ポリシーを撤去できるか、まだ判断できません
page-mode = { $mode } モード
page-mode-unknown = ポリシーはここにありません
page-stage-nothing-published = ここで分かる限り、まだ何も公開されていません。メールはこれまでどおり届きます。
page-stage-tlsrpt-record = TLSRPT レコードは公開済みで、送信側はレポートの宛先を知ることができます。ポリシーはまだありません。
page-stage-policy-host = ポリシーホストは応答しますが、STS レコードが確認できません。レコードがないと、送信側はポリシーを取りに来ません。
page-stage-testing = ポリシーと STS レコードを testing で公開中です。送信側は安全な配送を試し、失敗を報告しますが、メールはいずれの場合も届きます。
page-stage-evidence-gathered = testing で公開中で、判断に足りるレポートが集まっています。
page-stage-enforce = enforce では、送信側は検証済みの TLS でのみ配送します。失敗したメールは拒否され、再送が試みられ、レポートで報告されます。
page-stage-leaving = MTA-STS の運用を終了する途中です。古いポリシーを保持する送信側がなくなるまで mode none を配信します。
page-missing = 足りないもの
page-holds = 裏付け
page-in-the-way = 妨げになっているもの
page-since = { $day }から
page-unclear = 分かっていないこと
page-next = 次の手順
page-commands = 実行するコマンド
page-records = DNS に公開するレコード
page-records-hint = クリックすると 1 行全体を選択できます。
page-operators = ポリシーを持っている事業者
page-operators-none = 確認を待つ事業者が指定されていません。--expect google,microsoft のように指定できます。
page-tile-confirmed = 確認済み
page-tile-older = 確認済み（古い版を保持）
page-tile-owned-network-only = 同社のネットワークから（証明なし）
page-tile-claimed-only = 名乗りのみ（証明なし）
page-tile-not-seen = まだ確認されていません
page-tile-silent = { $days } 日間、動きがありません。これまでの間隔は { $gap } でした。
page-tile-since = 最初の取得
page-tile-last = 最後の確認
page-tile-version = 保持中の版
page-tile-how = 確認の根拠
page-tile-how-fetch = 同社の { $clients } アドレスからの取得 { $fetches } 回
page-tile-how-report = 署名付き TLS レポート { $reports } 通
page-tile-and = { $one }、{ $two }
page-tile-how-owned = 同社のネットワークからの取得 { $fetches } 回。ほかの利用者のサーバーもあるネットワークです
page-tile-how-claimed = 同社を名乗る取得 { $fetches } 回。裏付けも否定もできません
page-tile-how-none = まだありません。このドメイン宛てのメールが次にあるときに取得します。同社のアカウントから 1 通送ってみてください。
page-tile-how-no-text = 取得はありません。署名付き TLS レポートが { $reports } 通届いていますが、どれにもポリシーの本文がありません。このドメイン宛てのメールはあるのに、ポリシーを持っていません。下の「失敗の内容と対処」をご覧ください。
page-tile-mismatch = 同社を名乗る取得が { $count } 回、同社以外のネットワークからありました。別の誰かです。
page-evidence = 根拠
page-version-now = 現在配信中
page-version-older = 古い版
page-version-since = { $mode }、{ $day }から
page-version-unknown = ここで配信したことのないポリシー

# A domain of which nothing is known yet
page-quiet = まだ動きはありません。これから起きること
page-quiet-lead = ポリシーの取得もレポートもまだありません。どのドメインも最初はこの状態です。
page-quiet-now = いま
page-quiet-now-do = 上の「次の手順」を行ってください。ポリシーと STS レコードがそろえば、送信側が見つけられるようになります。
page-quiet-day = 最初のメールから 1 日以内
page-quiet-report = その翌日
page-quiet-weeks = 良好なレポートが { $days } 日分集まったら
page-quiet-weeks-do = enforce に移行できるか判断できるようになり、このページでお知らせします。

# Fetches
page-fetches = 日ごとの取得
page-fetches-lead = 直近 { $days } 日間に、ポリシーは { $count } 回取得されました。
page-fetches-none = ポリシーはまだ誰にも取得されていません。
page-fetches-expect = 送信側がポリシーを取得するのは、このドメイン宛てのメールがあり、STS レコードを見つけたときです。Gmail や Microsoft 365 では、そこから誰かがメールを送れば通常 1 日以内です。それまで何もなくても異常ではありません。
page-fetches-older = 直近 { $days } 日間にはありません。
page-fetches-chart = 日別・送信側別のポリシー取得
page-fetches-described = 送信側ごとに 1 行、ポリシーを取得した日ごとに 1 つの点（{ $first }から{ $last }まで）。点が大きいほど取得回数が多いことを示します。同じ数値は下の表にあります。
page-fetches-key = 塗りつぶした点は、その事業者であると証明されたもの。輪は証明のないもの。大きいほどその日の取得回数が多いことを示します。
page-fetches-others = その他すべて
page-fetches-more = ほかの { $count } 件の送信側は表にのみ含まれます。
page-as-table = 同じ数値を表で見る
page-day = 日付
page-utc = 日付は UTC です。
page-who-not-proven = { $name }（同社のネットワーク、証明なし）
page-who-claimed = User-Agent で名乗るのみ
page-who-mismatch = 事業者を名乗るが、実際は異なる
page-who-software = その他のメールソフトウェア
page-who-checker = 検査サービス
page-who-scanner = スキャナー
page-who-unknown = 不明
page-who-not-judged = 未判定

# Versions
page-versions = どの版を誰が保持しているか
page-versions-lead = 版とは、ポリシーの 1 つの本文のことです。送信側は max_age が過ぎるまで保持し、STS レコードの id が変わると取得し直します。
page-versions-none = まだ、どの版も誰かが保持していると確認されていません。
page-sender = 送信側
page-version = 版
page-reach = 範囲
page-last-seen = 最後の確認
page-until = 最長の保持期限
page-until-now = 配信している間
page-until-not-known = 不明
page-pickup-one-address = 1 アドレスのみ。ほかのアドレスは別の版を保持している可能性があります
page-pickup-some-addresses = 既知の { $all } アドレスのうち { $holders }
page-pickup-all-known-addresses = 既知の { $holders } アドレスすべて
page-pickup-addresses-withheld = アドレスは保存していません
page-pickup-reported = TLS レポートによる
page-pickup-not-known = 不明
page-pickup-not-yet = まだ
page-pickup-replaced = その後、別の版に更新
page-anybody = 記録を始める前に取得した送信側

# Sessions
page-sessions = 日ごとのセッション
page-sessions-lead = 送信元が証明された TLS レポートによると、{ $days } 日間に { $count } セッション。{ $failed ->
    [0] 失敗はありません。
   *[other] うち { $failed } セッションが失敗しました。
}
page-sessions-none = TLS レポートはまだ届いていません。
page-sessions-expect = Google と Microsoft は、そこからこのドメイン宛てのメールがあり、宛先を示す TLSRPT レコードがあれば、翌日に 1 日 1 通送ってきます。取り込むコマンド:
page-sessions-unproven = 送信元を証明できないレポートが { $reports } 通（{ $sessions } セッション）ありました。ここには数えず、判断にも使いません。
page-sessions-chart = 日ごとのセッションと失敗
page-sessions-described = { $first }から{ $last }までの日ごとの棒グラフ。上は全セッション、下は失敗したセッションで、目盛りはそれぞれ異なります。同じ数値は下の表にあります。
page-sessions-all = セッション
page-sessions-failed = 失敗したセッション
page-reporters = 報告者

# Failures
page-failures = 失敗の内容と対処
page-failures-none = 失敗は報告されていません。
page-failures-none-yet = レポートがまだないため、失敗については何も分かりません。
page-failure-blocks = 続いている間は enforce にしないでください
page-failure-watch = 妨げにはなりません
page-failure-over = その後のレポートでは解消しています
page-failure-unproven = 報告者が証明されていないため、判断に使いません
page-failure-count = { $count } セッション
page-failure-span = { $first }から{ $last }
page-failure-remedy = 対処
page-failure-told-by = 報告者
page-failure-at = MX ホスト
page-failure-log = こちらの記録との照合
page-failure-effect-mail-refused = enforce ではこのメールが拒否されます。
page-failure-effect-policy-unused = メールは届きますが、ポリシーによる保護はありません。
page-failure-effect-none = これによって拒否されるメールはありません。
page-failure-effect-unknown = enforce での扱いは分かっていません。
page-failure-not-stated = 種類が示されていない失敗
page-more = ほか { $count } 件
page-explained = { $day }、{ $reporter }:

# Refused requests, clients
page-refused = ポリシーを返さなかったリクエスト
page-refused-lead = 直近 { $days } 日間。スキャナーは何でも要求してきます。問題になるのは、配信しているつもりの名前をメールサーバーが要求している場合です。
page-refused-none = すべてのリクエストにポリシーを返しました。
page-strangers = 要求されたが、ここでは配信していない名前
page-host = ホスト
page-path = パス
page-outcome = 理由
page-requests = リクエスト数
page-user-agent = User-Agent
page-outcome-unknown-host = その名前のポリシーは配信していない
page-outcome-unknown-path = 別のパス
page-outcome-method-not-allowed = GET 以外のメソッド
page-outcome-policy-invalid = ポリシーファイルを配信できない
page-outcome-bad-request = 不正なリクエスト
page-outcome-defect = 本ソフトウェアの不具合
page-outcome-report-refused = 受け付けなかったレポートの投稿
page-clients = 正体の分からないクライアント
page-clients-lead = ポリシーを取得したものの、証明された事業者でも検査サービスでもスキャナーでもないクライアントです。多くはほかの人のメールサーバーです。
page-clients-none = ありません。取得したクライアントはすべて判明しています。
page-address = アドレス
page-address-withheld = 保存していません
page-verdict-claimed = 名乗るのみ
page-verdict-mismatch = 名乗りと異なる
page-verdict-software = メールソフトウェア
page-verdict-unknown = 不明
page-verdict-not-judged = 未判定
page-agent-none = 送信なし
page-agent-empty = 空

# Findings
page-found = 外部からの最新の検査
page-found-at = { $time } に検査しました。
page-found-right = 問題は見つかりませんでした。
page-found-never = まだ検査していません。
page-found-how = 次のコマンドで、送信側のメールサーバーと同じ見方で検査できます。
page-severity-error = エラー
page-severity-warning = 警告
page-severity-notice = 注意
page-severity-unknown = 確認できず
page-found-seen = 実際
page-found-expected = 期待
page-found-remedy = 対処
page-not-found = なし

# Evidence
page-reasons = 根拠の一覧
page-reasons-lead = 各行に数値、時点、出典のビューを示します。
page-bars = 判断の基準: 良好なセッションのある日が { $days } 日、{ $sessions } セッション、報告者 { $reporters } 者、直近 { $recent } 日に妨げとなる失敗がないこと。
page-speaks-for = 裏付けるもの
page-speaks-against = 妨げるもの
page-speaks-unknown = 不明、または判断に使わないもの
page-from-view = 出典 { $view }

# Privacy
page-kept = クライアントについて保存しているもの
page-kept-full = リクエストごとに、アドレス、User-Agent、いくつかのヘッダーを { $days } 日間保存します。
page-kept-prefix = リクエストごとに、アドレスの代わりにネットワーク（/24 または /48）、User-Agent、いくつかのヘッダーを { $days } 日間保存します。
page-kept-none = リクエストごとに、User-Agent といくつかのヘッダーを { $days } 日間保存します。アドレスは保存しません。
page-kept-page = このページには、正体の分からないクライアントのアドレスと User-Agent が載っています。ほかの人に送る前にご確認ください。
page-kept-less = 設定 MTA_STS_CLIENT_IP と MTA_STS_RETENTION_DAYS で減らせます。何がどこにあるかは docs/privacy.md にあります。
page-kept-offline = このページは何も読み込まず、何も実行せず、開いたことを誰にも知らせません。

# The index
page-domain = ドメイン
page-verdict = 判定
page-step = 次の手順
page-confirmed = 確認済み
page-confirmed-of = { $confirmed } / { $expected }
page-index-none = まだドメインがありません。
page-index-start = 最初のコマンド:
page-index-counts = { $count } ドメインの内訳:
page-index-alone = ドメインが { $limit } を超えるため、このファイルには一覧だけを載せています。--output にフォルダーを指定すると、ドメインごとのページができます。
page-short-ready = 移行可
page-short-not-yet = まだ
page-short-blocked = 移行不可
page-short-cannot-tell = 判断不能
page-short-keep = 継続
page-short-step-back = 要対応
page-shown-of = { $count } 件中 { $shown } 件を表示
