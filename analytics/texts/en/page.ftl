# The page that people look at: one domain, and the index of many.
page-title = { $domain }: MTA-STS
page-index-title = MTA-STS of { $count ->
    [one] { $count } domain
   *[other] { $count } domains
}
page-made = Made { $time } ({ $zone })
page-sample = Sample data: nobody’s mail
page-sample-tag = sample
page-skip = To the content
page-all-domains = All domains
page-live-refresh = Reload every minute
page-live-still = Stop reloading

# The first screen. Headlines by verdict; in enforce and on the way out they have their own.
page-headline-ready = Ready to enforce
page-headline-not-yet = Not ready to enforce yet
page-headline-blocked = Do not enforce: something fails
page-headline-cannot-tell = Cannot tell yet whether it may enforce
page-headline-keep = Enforce is on, and nothing speaks against it
page-headline-step-back = Mail is being refused: act now
page-headline-leaving-ready = The record and the policy host may go
page-headline-leaving-not-yet = Keep serving mode none for now
page-headline-leaving-cannot-tell = Cannot tell yet whether the policy may go
page-mode = Mode { $mode }
page-mode-unknown = No policy is kept here
page-stage-nothing-published = Nothing is published yet, as far as is known here. Mail arrives as it always did.
page-stage-tlsrpt-record = The TLSRPT record is published, so senders know where to report. There is no policy yet.
page-stage-policy-host = The policy host answers, but no STS record is known: without it no sender asks.
page-stage-testing = Policy and STS record are published in testing: senders try secure delivery, report what fails, and deliver in any case.
page-stage-evidence-gathered = In testing, with enough reports to decide on: senders have told how secure delivery goes.
page-stage-enforce = In enforce senders deliver over verified TLS only. What fails is refused, tried again, and reported.
page-stage-leaving = The domain is leaving MTA-STS: it serves mode none until nobody holds an older policy.
page-missing = What is missing
page-holds = What speaks for it
page-in-the-way = What stands in the way
page-since = since { $day }
page-unclear = What is not known
page-next = Next step
page-commands = Type this
page-records = Publish this in DNS
page-records-hint = One click selects a whole line.
page-operators = Who has the policy
page-operators-none = No operator is named as expected, so none is waited for. Name yours with --expect google,microsoft.
page-tile-confirmed = Confirmed
page-tile-older = Confirmed, with an older version
page-tile-owned-network-only = Its network, not proven
page-tile-claimed-only = Only named, not proven
page-tile-not-seen = Not seen yet
page-tile-silent = Silent for { $days ->
    [one] { $days } day
   *[other] { $days } days
}; its rhythm was every { $gap }.
page-tile-since = Since
page-tile-last = Last sign
page-tile-version = Holds
page-tile-how = Proven by
page-tile-how-fetch = { $fetches ->
    [one] { $fetches } fetch
   *[other] { $fetches } fetches
} from { $clients ->
    [one] one address of its own
   *[other] { $clients } addresses of its own
}
page-tile-how-report = { $reports ->
    [one] { $reports } signed TLS report
   *[other] { $reports } signed TLS reports
}
page-tile-and = { $one }, and { $two }
page-tile-how-owned = { $fetches ->
    [one] { $fetches } fetch
   *[other] { $fetches } fetches
} from its network, where others run servers too
page-tile-how-claimed = { $fetches ->
    [one] { $fetches } fetch that names
   *[other] { $fetches } fetches that name
} it; nothing confirms or denies that
page-tile-how-none = Nothing yet. It fetches when it next has mail for the domain: send one from an account there.
page-tile-how-no-text = { $reports ->
    [one] No fetch. It has sent { $reports } signed TLS report, without a policy text: it has mail for the domain and no policy. See what failed, below.
   *[other] No fetch. It has sent { $reports } signed TLS reports, none with a policy text: it has mail for the domain and no policy. See what failed, below.
}
page-tile-mismatch = { $count ->
    [one] { $count } fetch that names
   *[other] { $count } fetches that name
} it came from a network that is not its own; that is somebody else.
page-evidence = Why
page-version-now = served now
page-version-older = an older version
page-version-since = { $mode }, since { $day }
page-version-unknown = a text that was never served here

# A domain of which nothing is known yet
page-quiet = Nothing has happened yet: what to expect
page-quiet-lead = No sender has fetched the policy and no report has come. That is how every domain begins.
page-quiet-now = Now
page-quiet-now-do = Take the next step above. Once policy and STS record are there, senders can find them.
page-quiet-day = Within a day of the first mail
page-quiet-report = On the day after
page-quiet-weeks = After { $days ->
    [one] { $days } day
   *[other] { $days } days
} of good reports
page-quiet-weeks-do = There is enough to decide on enforce, and this page says so.

# Fetches
page-fetches = Fetches by day
page-fetches-lead = { $count ->
    [one] { $count } fetch
   *[other] { $count } fetches
} in { $days } days got the policy.
page-fetches-none = Nobody has fetched the policy yet.
page-fetches-expect = A sender fetches it when it has mail for the domain and finds the STS record: within a day as a rule for Gmail and Microsoft 365, once somebody writes from there. Until then it stays quiet here, and nothing is wrong.
page-fetches-older = None in the last { $days } days.
page-fetches-chart = Fetches of the policy by day and sender
page-fetches-described = One line a sender, one dot a day on which it fetched the policy, from { $first } to { $last }; the larger the dot, the more fetches. The table below has the same numbers.
page-fetches-key = A full dot: proven to be that operator. A ring: not proven. The larger, the more fetches that day.
page-fetches-others = All others
page-fetches-more = { $count ->
    [one] { $count } more sender is
   *[other] { $count } more senders are
} counted in the table alone.
page-as-table = The same numbers as a table
page-day = Day
page-utc = Days are UTC days.
page-who-not-proven = { $name } (its network, not proven)
page-who-claimed = Named in the User-Agent, not proven
page-who-mismatch = Says it is an operator, and is not
page-who-software = Mail software of others
page-who-checker = Checkers
page-who-scanner = Scanners
page-who-unknown = Unknown
page-who-not-judged = Not judged yet

# Versions
page-versions = Who holds which version
page-versions-lead = A version is one text of the policy. A sender keeps it until its max_age ends, and asks again when the id in the STS record changes.
page-versions-none = Nobody is known to hold a version yet.
page-sender = Sender
page-version = Version
page-reach = How far
page-last-seen = Last seen
page-until = May be used until
page-until-now = while it is served
page-until-not-known = not known
page-pickup-one-address = one address; others of it may hold another
page-pickup-some-addresses = { $holders } of { $all } known addresses
page-pickup-all-known-addresses = all { $holders } known addresses
page-pickup-addresses-withheld = addresses are not kept
page-pickup-reported = by its TLS report
page-pickup-not-known = not known
page-pickup-not-yet = not yet
page-pickup-replaced = replaced since
page-anybody = Anybody who fetched before the log began

# Sessions
page-sessions = Sessions by day
page-sessions-lead = { $count ->
    [one] { $count } session
   *[other] { $count } sessions
} in { $days } days, by TLS reports whose origin is proven. { $failed ->
    [0] None of them failed.
    [one] { $failed } of them failed.
   *[other] { $failed } of them failed.
}
page-sessions-none = No TLS report has come yet.
page-sessions-expect = Google and Microsoft send one a day, on the day after, once there is mail from them to the domain and a TLSRPT record that says where to. Take them in:
page-sessions-unproven = { $reports ->
    [one] { $reports } report
   *[other] { $reports } reports
} with { $sessions ->
    [one] { $sessions } session
   *[other] { $sessions } sessions
} came from nobody that can be proven. They are not counted here and decide nothing.
page-sessions-chart = Sessions by day, and those that failed
page-sessions-described = Bars for each day from { $first } to { $last }: above all sessions, below those that failed, each on a scale of its own. The table below has the same numbers.
page-sessions-all = Sessions
page-sessions-failed = Failed sessions
page-reporters = Reporters

# Failures
page-failures = What failed, and what to do
page-failures-none = No failure is reported.
page-failures-none-yet = No report has come, so that nothing is known of failures.
page-failure-blocks = Do not enforce while this goes on
page-failure-watch = Does not block
page-failure-over = Its later reports are clean
page-failure-unproven = Not proven who says so; decides nothing
page-failure-count = { $count ->
    [one] { $count } session
   *[other] { $count } sessions
}
page-failure-span = { $first } to { $last }
page-failure-remedy = What to do
page-failure-told-by = Told by
page-failure-at = At
page-failure-log = What our own log says
page-failure-effect-mail-refused = Enforce refuses this mail.
page-failure-effect-policy-unused = Mail arrives, without the policy’s protection.
page-failure-effect-none = No mail is refused for it.
page-failure-effect-unknown = What enforce does with it is not known.
page-failure-not-stated = Failure of a kind that is not stated
page-more = and { $count } more
page-explained = { $day }, { $reporter }:

# Refused requests, clients
page-refused = Requests that got no policy
page-refused-lead = In the last { $days } days. Scanners ask for anything; what matters is a mail server that asks for a name you meant to serve.
page-refused-none = Every request got the policy.
page-strangers = Names that are asked for and not served here
page-host = Host
page-path = Path
page-outcome = Why not
page-requests = Requests
page-user-agent = User-Agent
page-outcome-unknown-host = no policy of that name is served
page-outcome-unknown-path = another path
page-outcome-method-not-allowed = another method than GET
page-outcome-policy-invalid = the policy file cannot be served
page-outcome-bad-request = no valid request
page-outcome-defect = a defect of ours
page-outcome-report-refused = a posted report that was not taken
page-clients = Clients that nobody knows
page-clients-lead = They fetched the policy and are no proven operator, checker or scanner. Most are mail servers of other people.
page-clients-none = None: everybody who fetched it is known.
page-address = Address
page-address-withheld = not kept
page-verdict-claimed = only named
page-verdict-mismatch = says so, and is not
page-verdict-software = mail software
page-verdict-unknown = unknown
page-verdict-not-judged = not judged yet
page-agent-none = none sent
page-agent-empty = empty

# Findings
page-found = The last look from outside
page-found-at = Looked { $time }.
page-found-right = It found nothing wrong.
page-found-never = Nobody has looked yet.
page-found-how = One command looks as a sending mail server does:
page-severity-error = Error
page-severity-warning = Warning
page-severity-notice = Notice
page-severity-unknown = Could not look
page-found-seen = Found
page-found-expected = Expected
page-found-remedy = What to do
page-not-found = nothing

# Evidence
page-reasons = The evidence
page-reasons-lead = Each line has its figure, its time and the view that it comes from.
page-bars = Measured by: { $days } days with good sessions, { $sessions } sessions, { $reporters } reporters, no blocking failure in { $recent } days.
page-speaks-for = For
page-speaks-against = Against
page-speaks-unknown = Not known, or decides nothing
page-from-view = from { $view }

# Privacy
page-kept = What is kept about clients
page-kept-full = Of each request the address, the User-Agent and a few headers are kept, for { $days } days.
page-kept-prefix = Of each request the network (/24 or /48) in place of the address, the User-Agent and a few headers are kept, for { $days } days.
page-kept-none = Of each request the User-Agent and a few headers are kept, and no address, for { $days } days.
page-kept-page = This page shows addresses and User-Agents of clients that nobody knows. Think of that before you send it on.
page-kept-less = The settings MTA_STS_CLIENT_IP and MTA_STS_RETENTION_DAYS keep less; docs/privacy.md says what stands where.
page-kept-offline = The page loads nothing, runs nothing and tells nobody that it was opened.

# The index
page-domain = Domain
page-verdict = Verdict
page-step = Next step
page-confirmed = Confirmed
page-confirmed-of = { $confirmed } of { $expected }
page-index-none = No domain is known yet.
page-index-start = Start with:
page-index-counts = Of { $count ->
    [one] { $count } domain
   *[other] { $count } domains
}:
page-index-alone = More than { $limit } domains: this file has the index alone. With a folder as --output each domain gets a page of its own.
page-short-ready = Ready
page-short-not-yet = Not yet
page-short-blocked = Blocked
page-short-cannot-tell = Cannot tell
page-short-keep = Keep
page-short-step-back = Act now
page-shown-of = { $shown } of { $count } shown
