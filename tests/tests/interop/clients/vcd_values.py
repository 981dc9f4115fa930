"""Reads a VCD file by pyvcd, and prints a line for each change: the time in nanoseconds, the name of the variable, the value."""

import sys

from vcd.reader import TokenKind, tokenize

UNITS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}

names = {}
unit = 1
now = 0
with open(sys.argv[1], "rb") as file:
    for token in tokenize(file):
        if token.kind is TokenKind.TIMESCALE:
            unit = int(token.timescale.magnitude) * UNITS[token.timescale.unit.value]
        elif token.kind is TokenKind.VAR:
            names[token.var.id_code] = token.var.reference
        elif token.kind is TokenKind.CHANGE_TIME:
            now = token.time_change * unit
        elif token.kind in (TokenKind.CHANGE_SCALAR, TokenKind.CHANGE_REAL, TokenKind.CHANGE_STRING):
            code, value = token.data
            print(now, names[code], value)
