# SPDX-License-Identifier: Apache-2.0
"""Text as C strings, for the tools that embed files."""


def literal(line):
    """One line (bytes) as a C string, with its end."""
    text = []
    for byte in line + b"\n":
        char = chr(byte)
        if char in '"\\':
            text.append("\\" + char)
        elif 32 <= byte < 127 and char != "?":
            text.append(char)
        else:
            text.append(f"\\{byte:03o}")
    return '"' + "".join(text) + '"'
