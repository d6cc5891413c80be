"""How fast and how small we are, each beside a peer in the same run (make bench).

Rounds of ours and of the peer take turns, so that a busy machine meets both; what counts is the
ratio. The peer of the function is ``hello.py`` under the same functions-framework.
"""
