# What stands in more than one place.
#
# 用語（すべての ja/*.ftl と *.ja.md に共通）
#   policy ポリシー / policy text 本文 / policy host ポリシーホスト / policy id ポリシー ID、id
#   STS record STS レコード / TLSRPT record TLSRPT レコード / MX host MX ホスト
#   sending MTA 送信側 MTA / sender 送信側 / operator 事業者 / delivery 配送 / to refuse 拒否する
#   fetch 取得 / serve 配信する / hold 保持する / fetch log 取得記録
#   TLS report TLS レポート / reporter 報告者 / session セッション / failure 失敗
#   proven 証明された / confirmed 確認済み / claimed 名乗りのみ
#   testing テストモード（testing）/ enforce 強制モード（enforce）; 二度目からは testing、enforce
#   certificate 証明書 / chain 証明書チェーン / intermediate 中間証明書 / authority 認証局
#   check 検査 / finding 検出事項 / cause 原因 / remedy 対処 / bounce 不達メール
# 文体: です・ます調。半角英数字と和文の間は半角スペース。RFC の用語（mode、max_age、mx、id など）は訳さない。
words-days = { $count } 日
words-sessions = { $count } セッション

# A length of time as a record or policy has it, and for people.
words-span-days = { $seconds } 秒（{ $count } 日）
words-span-hours = { $seconds } 秒（{ $count } 時間）
words-span-minutes = { $seconds } 秒（{ $count } 分）
words-span-seconds = { $seconds } 秒

# Names one after the other.
words-between = 、
words-and-more = { $names }、ほか { $count } 件
