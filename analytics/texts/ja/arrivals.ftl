# What our own log says of a fetch that a sender says failed. English: the view fetch_errors_explained.
# 用語は words.ftl にあります。
arrivals-not-served-here = { $domain } のポリシーは、ここでは配信していません。
arrivals-not-logged = ここでの記録は、その時間より後に始まりました。
arrivals-served = その時間の { $who } からのリクエストは { $requests } 件で、うち { $served } 件にポリシーを返しました{ $has_refused ->
    [yes] （それ以外: { $refused }）
   *[no] { "" }
}。同社のほかのホストは、接続を遮断されていた可能性があります。
arrivals-refused = その時間の { $who } からのリクエストは { $requests } 件ですが、ポリシーは 1 件も返していません（応答: { $refused }）。
arrivals-nobody-arrived = その時間、{ $domain } へのリクエストは誰からも届いていません。
arrivals-cannot-tell = どのリクエストが { $who } のものか判断できません。そのアドレスが知られていないか、保存されていないためです。その時間に届いたリクエストは { $others } 件で、うち { $unknown } 件は正体の分からないクライアントからです。
arrivals-never-arrived = { $who } のものと分かるリクエストは、その時間に届いていません。ほかからは { $others } 件届き、うち { $unknown } 件は正体の分からないクライアントからです。
arrivals-since = その後、ポリシーを取得しています。

# What to look at next, in order.
arrivals-next-not-served-here = 配信しているホスト { $host } の記録を確認してください。
arrivals-next-not-logged = 続くようであれば、今後のレポートをここの記録と照合できます。
arrivals-next-refused = ホストとパスは mta-sts query refused_fetches で分かります。送信側が要求するのは { $host } の /.well-known/mta-sts.txt です。
arrivals-next-invalid-served = 取得された本文を mta-sts review { $domain } で判定してください。問題がなければ、手前の何かが別の本文を返しています。
arrivals-next-invalid-elsewhere = キャッシュ、CDN、古いホストなど、別の場所の本文が読まれています。curl -sSi https://{ $host }/.well-known/mta-sts.txt の結果を、ここのファイルと比べてください。
arrivals-next-served = { $host } のアドレス（A と AAAA）を 1 つずつ確認してください。複数あるフロントエンドの 1 つに、証明書がないか、応答が遅い可能性があります。
arrivals-next-certificate = リクエストが記録される前に、{ $host } の証明書で失敗しています。すべてのアドレス（A と AAAA）で、名前、有効期限、完全な証明書チェーンを確認してください。
arrivals-next-before = { $is_unsure ->
    [yes] この中に該当するものがなければ、
   *[no] { "" }
}リクエストが記録される前に失敗しています。{ $host } の DNS（A と、あれば AAAA）、証明書、ファイアウォールとボット対策の順に確認してください。
