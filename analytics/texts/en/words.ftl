# What stands in more than one place.
words-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
words-sessions = { $count ->
    [one] { $count } session
   *[other] { $count } sessions
}
