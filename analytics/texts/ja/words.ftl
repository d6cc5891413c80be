# What stands in more than one place.
words-days = { $count }日
words-sessions = { $count }セッション
