"""Names that break logs, screens, headers, channels or databases; each rule of `names` must refuse them all."""

HOSTILE = {
    "nothing": "",
    "a space": " ",
    "drawn as nothing": "\u3164\u200b",
    "a line break": "R1\nINFO forged",
    "a line break at the end": "R1\n",
    "a carriage return": "R1\rX",
    "a tab": "R1\tX",
    "NUL": "R\x001",
    "an escape": "R1\x1b[2J",
    "a C1 control": "R1\x9b31m",
    "a reversed text": "R1\u202egnp",
    "a line separator": "R1\u2028X",
    "half of a surrogate pair": "R\ud8001",
    "a private character": "R\ue000\uffff",
    "too long": "R" * 1000,
}
