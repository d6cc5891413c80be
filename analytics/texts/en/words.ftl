# What stands in more than one place.
words-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
words-sessions = { $count ->
    [one] { $count } session
   *[other] { $count } sessions
}

# A length of time as a record or policy has it, and for people.
words-span-days = { $seconds } s, { $count ->
    [one] { $count } day
   *[other] { $count } days
}
words-span-hours = { $seconds } s, { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
words-span-minutes = { $seconds } s, { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
words-span-seconds = { $seconds } s

# Names one after the other.
words-between = { ", " }
words-and-more = { $names } and { $count } more
