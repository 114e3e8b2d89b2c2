# threat: B11
# defence: output is data: escaped as JSON, written by no one to a terminal but as what it is
# tries: sequences that terminals and logs obey: titles, clipboards, answers that are typed back, lines
# must: it comes back byte for byte
# expect: {"verdict": "ok", "stdout": "\u001b]0;title\u0007\u001b[2J\u001b]52;c;aWQK\u0007\u001b[6n\u001bP$q\u001b\\\r\u009b31m\u2028held\n"}
import sys
sys.stdout.reconfigure(encoding="utf-8")
sys.stdout.write("\x1b]0;title\x07\x1b[2J\x1b]52;c;aWQK\x07\x1b[6n\x1bP$q\x1b\\\r\x9b31m\u2028held\n")
