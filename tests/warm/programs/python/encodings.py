import locale
import sys

print(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors(), sys.getdefaultencoding(), sys.flags.utf8_mode)
print(locale.getpreferredencoding(), locale.setlocale(locale.LC_ALL), locale.setlocale(locale.LC_ALL, ""))
print("\u00e4\u20ac\U0001f600", ascii("\udc80"))
print("\udc80")
