"""The faults this program is held to, and what must be true of each in each phase of its work.

``R`` tried again, old rows stay · ``Q`` one POST, then looked for · ``C`` confirmed in a loop · ``S`` resumed or
begun anew, whole or none · ``F`` stopped at once, told in a sentence · ``B`` bounded and literal · ``J`` the
journal and the caches hold · ``K`` goes on untouched · ``-`` does not apply.
"""

from __future__ import annotations

PHASES = ("list", "upload", "create", "poll", "download", "cancel", "view", "state")

FAULTS: dict[int, tuple[str, str]] = {
    1: ("the host's name does not resolve", "RFFRRCKJ"),
    2: ("the connection is refused", "RRRRRCKJ"),
    3: ("connecting leads nowhere", "RRQRRCKJ"),
    4: ("the certificate is not valid", "FFFFFFKK"),
    5: ("TLS spoken to a plain port, or the reverse", "FFFFFFKK"),
    6: ("cut before the request is carried out", "RRQRSCKJ"),
    7: ("reset after it was carried out", "RQQRSCKJ"),
    8: ("closed after it was carried out", "RQQRSCKJ"),
    9: ("silence after it was carried out", "RQQRSCKJ"),
    10: ("the reply's body hangs", "RRQRSCKJ"),
    11: ("reset in the reply's body", "RRQRSCKJ"),
    12: ("the body is shorter than its length", "RQQRSCKJ"),
    13: ("the last chunk is missing", "RQQRSCKJ"),
    14: ("no length, and an early end", "RQQRSCKJ"),
    15: ("the JSON is cut", "RQQRSCKJ"),
    16: ("a captive portal answers in HTML", "RQQRSCKK"),
    17: ("500 or 503 before it is carried out", "RRQRSCKJ"),
    18: ("500, 502, 504 or 408 after it was", "RQQRSCKJ"),
    19: ("409", "RFQRSCKJ"),
    20: ("429 with up to a minute to wait", "RRRRRCKJ"),
    21: ("429 with longer, or a date, to wait", "RRRRRCKJ"),
    22: ("five requests a second, and fifty actions", "RRRRRCKJ"),
    23: ("401 in the middle of a session", "FFFFFFKJ"),
    24: ("403: no batches for this project", "FFFFFFKK"),
    25: ("404 right after the creation", "RRQRRCKJ"),
    26: ("somebody else deleted it", "R-FRFCKJ"),
    27: ("a refusal of 100 kB with escapes and markup", "BBBBBBBB"),
    28: ("refused while the body is still on its way", "-FF---KJ"),
    29: ("redirected elsewhere", "FFQFFCKK"),
    30: ("an answer that is no HTTP", "RQQRSCKK"),
    31: ("broken compression", "RQQRSCKK"),
    32: ("wrong bytes of the right length", "B--BSBBK"),
    33: ("a drip of bytes", "RRQRSCKK"),
    34: ("an idle connection was closed", "RQQRSCKK"),
    35: ("ten minutes of outage", "RRQRSCKJ"),
    36: ("a proxy that is dead or can't be used", "FFFFFFKK"),
    37: ("a key, base URL or certificate file that can't be", "FFFFFFKK"),
    38: ("a status nobody knows", "B-QB-CBK"),
    39: ("fields missing, null or of another type", "BBQBBCBK"),
    40: ("times in other forms, or nonsense", "BBKB-KBK"),
    41: ("one batch on two pages", "K--K--KK"),
    42: ("rows move between two pages", "R-QR--KK"),
    43: ("a cursor that leads in a circle", "K-QK--KK"),
    44: ("more is promised, nothing comes", "K-QK--KK"),
    45: ("a status goes back", "K--K-KKK"),
    46: ("completed without an output file", "K--KF-BK"),
    47: ("counts that can't be", "B--B--BK"),
    48: ("ranges answered wrongly", "----S---"),
    49: ("the content changes between two tries", "----S---"),
    50: ("the batch ends while it is cancelled", "---K-C-J"),
    51: ("the input grows or shrinks while it is sent", "-FF----J"),
    52: ("the input is changed after its check", "-FF----J"),
    53: ("the input is no readable file", "-FF---BK"),
    54: ("the disk is full", "----F-KJ"),
    55: ("the destination exists, is a link, or is closed", "----F-KK"),
    56: ("a remote file's hostile name", "B---S-BK"),
    57: ("a local file's hostile name", "BB----BB"),
    58: ("the state directory can't be written", "KKFKKKKF"),
    59: ("a state file is damaged", "KKKKKKKJ"),
    60: ("two instances on one state directory", "KKQKSCKJ"),
    61: ("killed while creating", "--Q----J"),
    62: ("killed while sending, fetching or cancelling", "-Q--SC-J"),
    63: ("the clock is hours off", "KKQKKKBJ"),
    64: ("the line hangs up", "KJQKSC-J"),
    65: ("terminated or interrupted", "KJQKSC-J"),
    66: ("suspended for a while", "RRQRSCKK"),
    67: ("a terminal that takes nothing", "KKKKKKKK"),
    68: ("a storm of window sizes", "KKKKKKKK"),
    69: ("no usable terminal", "FFFFFFFK"),
    70: ("a bug of our own", "KKQKSCKJ"),
    71: ("escapes in every string", "BBBBBBBB"),
    72: ("markup in every string", "BBBBBBBB"),
    73: ("hidden and turning characters", "BBBBBBBB"),
    74: ("endless lines and stacked marks", "BB--K-BK"),
    75: ("broken Unicode, deep JSON, repeated keys", "BB-BKBBB"),
    76: ("the key is looked for everywhere", "KKKKKKKK"),
    77: ("a key that would leave in the clear, or unannounced", "FFFFFFKK"),
}
"""By number: what happens, and the letter of each phase in the order of :data:`PHASES`."""


def required() -> set[tuple[int, str]]:
    """Every cell that applies."""
    return {
        (number, phase)
        for number, (_, letters) in FAULTS.items()
        for phase, letter in zip(PHASES, letters, strict=True)
        if letter != "-"
    }
