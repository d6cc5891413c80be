"""Exit statuses, the same for all verbs."""

DONE = 0
FINDINGS = 1
USAGE = 2  # the command or a setting is wrong
UNFINISHED = 3  # a retry may help
DEFECT = 70  # ours; an exception that nobody caught would exit 1, as findings do
