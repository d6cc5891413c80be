# The advice: where a domain stands, the verdict, the evidence, the one next step.
advice-stage-nothing-published = nothing is published, as far as is known
advice-stage-tlsrpt-record = the TLSRPT record is published
advice-stage-policy-host = the policy host answers, and no STS record is known
advice-stage-testing = testing: policy and STS record are published
advice-stage-evidence-gathered = testing, with enough reports
advice-stage-enforce = enforce
advice-stage-leaving = leaving: the policy is in mode none

# Question and answer. What is asked hangs on the stage.
advice-question = { $stage ->
    [leaving] May record and host go?
    [enforce] May it stay?
   *[other] May it enforce?
}
advice-verdict-ready = { $stage ->
   *[other] Ready
}
advice-verdict-not-yet = { $stage ->
   *[other] Not yet
}
advice-verdict-blocked = { $stage ->
   *[other] Blocked
}
advice-verdict-cannot-tell = { $stage ->
   *[other] Cannot tell
}
advice-verdict-keep = { $stage ->
   *[other] Keep enforce
}
advice-verdict-step-back = { $stage ->
   *[other] Mail is refused now: mend it, or step back
}

# The evidence, a line each; the view that has it stands behind.
advice-reason-sample-data = this is sample data, nobody's mail
advice-reason-policy-not-here = no policy of it is kept here, so that what is served now is not known
advice-reason-covered-days = { $found } of { $bar } days with good sessions in a proven report that holds the text served now{ $since ->
    [none] { "" }
    [failure] { " " }since the last failure that blocks, from { $start }
    [mx-changed] { " " }since the MX hosts changed, from { $start }
    [policy-changed] { " " }since this text is served, from { $start }
    [sixty-days] { " " }of 60 days, from { $start }
   *[other] , from { $start }
}
advice-reason-sessions = { $found } of { $bar } sessions in such reports
advice-reason-reporters = { $found } of { $bar } reporters of proven origin
advice-reason-reports-none = no TLS report of proven origin has come yet
advice-reason-reports-stopped = the last proven report is for { $last }, { $days } days ago; the bar is { $bar }
advice-reason-reports-late = the last { $days } days are not complete: reports come a day later, some weeks
advice-reason-reports-not-proven = { $count ->
    [one] { $count } report
   *[other] { $count } reports
} that nobody has proven; they decide nothing
advice-reason-older-text-held = { $count ->
    [one] { $count } report
   *[other] { $count } reports
} of 7 days hold an older text, and do not count
advice-reason-failures-none = no blocking failure is reported of { $days } days, nor of the days that count
advice-failure = { $reporter }: { $kind ->
    [not-stated] failure not stated how
   *[other] { $kind }
}{ $has_host ->
    [yes] { " " }at { $host }
   *[no] { "" }
}, { $count ->
    [one] { $count } session
   *[other] { $count } sessions
}, last on { $last }
advice-reason-failures-watched = { advice-failure }: does not block so far
advice-reason-failures-over = { advice-failure }: the days count anew since
advice-reason-failures-recent = { advice-failure }: its later reports are clean, for less than { $days } days
advice-reason-failures-blocking = { advice-failure }: enforce refuses this mail
advice-reason-fetch-failures-blocking = { advice-failure }: mail arrives, and the policy does not protect it
advice-reason-operator-confirmed = { $name } holds the text served now ({ $confirmation })
advice-reason-operator-not-confirmed = { $name } is not confirmed to hold the text served now ({ $confirmation }{ $has_older ->
    [yes] ; it has an older text
   *[no] { "" }
})
advice-reason-operator-silent = stopped, by their own rhythm: { $names }
advice-reason-check-none = nobody has looked at it from outside
advice-reason-check-old = the last look from outside is { $days } days old, the bar is { $bar }
advice-reason-check-errors = the last look found { $count ->
    [one] { $count } error
   *[other] { $count } errors
}: { $codes }
advice-reason-check-unfinished = the last look could not see all that matters
advice-reason-check-right = the last look from outside found no error
advice-reason-policy-not-on-line = the policy host gave no policy text
advice-reason-sts-record-none = there is no STS record, so nobody asks
advice-reason-mx-not-covered = no mx of the policy covers { $hosts }: enforce refuses mail to it
advice-reason-mx-failing = fails as enforce demands: { $hosts }
advice-reason-mx-not-seen = never talked to: { $hosts }; look from a machine whose port 25 is open
advice-reason-mx-none = no MX host is known
advice-reason-mx-right = { $seen } of { $count } MX hosts passed as enforce demands
advice-reason-certificate-unknown = no certificate was seen
advice-reason-certificate-ended = the certificate of { $host } ended on { $day }
advice-reason-certificate-ends-soon = the first certificate ends in { $days ->
    [one] { $days } day
   *[other] { $days } days
}: { $host }; the bar is { $bar }
advice-reason-certificate-lasts = the first certificate ends in { $days ->
    [one] { $days } day
   *[other] { $days } days
}: { $host }
advice-reason-max-age = max_age is { $age }, step { $step } of { $steps }: before { $before ->
    [0] testing
    [1] a day
    [7] a week
   *[other] { $before } days
}, { $after ->
    [0] the last step
    [1] next a day
    [7] next a week
    [14] next two weeks
   *[other] next { $after } days
}
advice-reason-old-policy-held = the last older policy { $is_over ->
    [yes] ran out
   *[no] may be held until
} { $until }, and the TTL of the STS record; the longest max_age was { $longest }
advice-reason-old-policy-unknown = until when somebody holds an older policy is not known

# The steps.
advice-step-find-policy = Look at it from outside; if the domain is yours, take its policy over, or name the folder that holds it (MTA_STS_POLICIES).
advice-step-cover-mx = Let the policy cover every MX host. Now: { $because }.
advice-step-mend-mx = Mend TLS at the MX hosts that fail. Now: { $because }.
advice-step-renew-certificate = { $has_ended ->
    [yes] Renew the certificate that has ended.
   *[no] Renew the certificate that ends soon, and reload what serves it.
} Now: { $because }.
advice-step-mend-failures = Mend what senders report, by its remedy. Now: { $because }.
advice-step-mend-policy-host = Mend why senders cannot fetch the policy; our own log says whether they came. Now: { $because }.
advice-step-mend-errors = Mend the errors that the last look found. Now: { $because }.
advice-step-check-first = Look at it from outside first: what is published is not known here.
advice-step-check-now = Look at it from outside: { $because }.
advice-step-check-again = Look at it from outside again: { $because }.
advice-step-publish-tlsrpt-record = Publish the TLSRPT record first, so that the first failure is already reported.
advice-step-publish-policy-host = Serve the policy at { $host }, over HTTPS.
advice-step-publish-sts-record = Publish the STS record: it is what makes senders fetch.
advice-step-take-in-reports = Take in the TLS reports, and see that their mailbox takes mail from anybody: { $because }.
advice-step-confirm-operators = Let { $operator } fetch the text served now: send a mail from there to the domain; a fresh id asks every sender again.
advice-step-wait-until = Wait, and take in the reports of each day: there is enough on { $soonest } at the soonest.
advice-step-wait-more = Wait for more sessions and reporters. A small domain may choose a lower bar, which is printed with the verdict: --min-sessions.
advice-length = { $days ->
    [1] a day
    [7] a week
    [14] two weeks
   *[other] { $days } days
}
advice-step-enforce = Go to enforce with a max_age of { advice-length }: a mistake is forgotten within it. The command shows each step, and the way back.
advice-step-mend-or-step-back = Mail is refused now. Mend the cause first, which is the quicker way; if that takes longer than senders try again, go back to testing.
advice-step-raise-max-age = Raise max_age to { advice-length }; before it was { $before }.
advice-step-watch = Keep enforce and watch: a check a week, the failures that senders report, certificates, senders that stop. The way back is the mode testing, with a new id.
advice-step-remove-record = Delete the STS record, wait its TTL, then remove the policy host and the policy file (RFC 8461, 8.3). The TLSRPT record may stay.
advice-step-keep-none = Keep serving mode none and the record until { $is_known ->
    [yes] { $until }
   *[no] the longest max_age ever served is over
} (RFC 8461, 8.3).

# On the terminal.
advice-sample-line = sample data: { $text }
advice-title = { $domain }{ $is_sample ->
    [yes] { " " }(sample data)
   *[no] { "" }
}: { $stage }
advice-next = Next: { $step }
advice-answer = { $question } { $verdict }. { $bars }
advice-bars = (Bars: { $days } days, { $sessions } sessions, { $reporters } reporters, no blocking failure in { $recent } days.)
advice-against = Against
advice-unknown = Not known, or deciding nothing
advice-for = For
advice-from = { $text } ({ $source })
advice-at = { $time }, { $view }
advice-back = The way back: mta-sts mode { $domain } testing prints the steps; when mail bounces: mta-sts incident { $domain }
advice-refused = { $stage ->
    [enforce] In the last { $days } days enforce refused { $count ->
        [one] { $count } session
       *[other] { $count } sessions
    }, by proven reports.
   *[other] In the last { $days } days enforce would have refused { $count ->
        [one] { $count } session
       *[other] { $count } sessions
    }, by proven reports.
}
advice-refused-line = { $count } { $kind ->
    [not-stated] not stated how
   *[other] { $kind }
}{ $has_host ->
    [yes] { " " }at { $host }
   *[no] { "" }
}, told by { $reporter }, { $is_one_day ->
    [yes] on { $first }
   *[no] { $first } to { $last }
}: { $cause } { $remedy }
advice-refused-more = and { $count } more kinds: mta-sts failures
advice-none-known = No domain is known yet. Start with: mta-sts init example.com
advice-counts = { $count ->
    [one] { $count } domain
   *[other] { $count } domains
}: { $told }. { $bars }
