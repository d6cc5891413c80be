"""How much of a report, its container and its mail is taken in; what is beyond is refused.

RFC 8460 sets no limits but one: receivers commonly take 10 MB of mail (5.2), and a receiver
has to expect a flood (7). All others are ours, well above anything that a sender was seen to send.
"""

MIB = 1024 * 1024

MAX_COMPRESSED_BYTES = 10 * MIB  # RFC 8460, 5.2: "commonly 10 MB"
MAX_INFLATED_BYTES = 64 * MIB  # of a whole item; 100,000 failure details take about 23 MB
MAX_RATIO = 200  # of JSON that was seen: up to 30
RATIO_FREE_BYTES = MIB  # what any ratio may come to
MAX_WRAPPINGS = 4  # gzip in gzip in zip in mail
MAX_MEMBERS = 100  # of one gzip file; each is found by copying what follows
MAX_ARCHIVE_ENTRIES = 1_000  # a year of three reporters in one archive
MAX_PARTS = 1_000  # reports of one item

# 10 MiB in base64 with its line ends, and what stands around it
MAX_MAIL_BYTES = 16 * MIB
MAX_MAIL_LINES = 400_000  # 16 MiB have 220,000 lines of base64
MAX_MAIL_WORK = 10_000_000  # lines times boundaries: each line is held against each open boundary
MAX_MAIL_LEAVES = 200  # parts that hold no parts
MAX_MAIL_DEPTH = 10  # of multiparts and mails in one another; forwarded twice is 4
MAX_HEADER_BYTES = 16_384  # of one Content-Type; the standard library takes quadratic time for it

MAX_POLICIES = 1_000
MAX_DETAILS = 100_000  # of a whole report
MAX_DEPTH = 32  # of objects and lists in one another; a report has 6
MAX_REPAIR_BYTES = (
    32 * MIB
)  # of JSON that is not plain: the tolerant reading needs eight times as much
MAX_VALUES = 1_200_000  # of JSON above 1 MiB: 100,000 details of 8 fields and what is around them

MAX_INTEGER = 2**53 - 1  # RFC 7493, 2.2
MAX_FILE_NAME = 200  # characters that are kept; RFC 8460, 5.1 makes about 100
MAX_TEXT = 1_000  # characters of a name, an id, a reason: cut there
MAX_LINE = 300  # characters of a line of policy-string or an MX host: a name has 253
MAX_LINES = 100  # of policy-string, and MX hosts
