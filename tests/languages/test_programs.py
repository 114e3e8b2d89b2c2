# SPDX-License-Identifier: Apache-2.0
"""Programs whose output their languages' descriptions give, on the interpreters of src/languages; and what nobody would write."""
import pathlib
import random
import signal
import subprocess

import pytest
from conftest import BUILDS, ROOT

NAMES = sorted(path.stem for path in pathlib.Path(ROOT / "src/languages").glob("*.c") if "int main(" in path.read_text())

BRAINFUCK = [
    (">,[>,]<[.<]", "abc", "cba"),
    ("++++++++[>++++++++<-]>+.+.+.", "", "ABC"),
    (",>,<[->+<]>.", "\x20\x21", "A"),
    ("+[-[<<[+[--->]-[<<<]]]>>>-]>-.---.>..>.<<<<-.<+.>>>>>.>.<<.<-.", "", "hello world"),
    ("++>+++[<+>-]<[->++++++++++<]>-.", "", "1"),
]
OOK = {"+": "Ook. Ook.", "-": "Ook! Ook!", ">": "Ook. Ook?", "<": "Ook? Ook.", "[": "Ook! Ook?", "]": "Ook? Ook!", ".": "Ook! Ook.",
       ",": "Ook. Ook!"}
SPOON = {"+": "1", "-": "000", ">": "010", "<": "011", "[": "00100", "]": "0011", ".": "001010", ",": "0010110"}
COUNT = ("SSSTL LSSSTSSSSTTL SLS TLST SSSTSTSL TLSS SSSTL TSSS SLS SSSTSTTL TSST LTSSTSSSTSTL LSLSTSSSSTTL LSSSTSSSTSTL SLL LLL")
SIEVE = """2>:3g" "-!v\\  g30          <
 |!`"O":+1_:.:03p>03g+:"O"`|
 @               ^  p3\\" ":<
2 234567890123456789012345678901234567890123456789012345678901234567890123456789
"""
QUINE = "01->1# +# :# 0# g# ,# :# 5# 8# *# 4# +# -# _@"
PRIMES = "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71 73 79 "
LOL = "HAI 1.2\n%s\nKTHXBYE\n"

PROGRAMS = [
    *[("brainfuck", *row) for row in BRAINFUCK],
    *[("ook", " ".join(OOK[c] for c in program), *rest) for program, *rest in BRAINFUCK],
    *[("spoon", "".join(SPOON[c] for c in program), *rest) for program, *rest in BRAINFUCK],
    ("deadfish", "iissso", "", "0\n"),
    ("deadfish", "diissisdo", "", "288\n"),
    ("deadfish", "iiisdosodddddiso", "", "8\n64\n3600\n"),
    ("hq9plus", "QQ", "", "QQQQ"),
    ("hq9plus", "++++", "", ""),
    ("underload", "(:aSS):aSS", "", "(:aSS):aSS"),
    ("underload", "(0)(1)~SS", "", "01"),
    ("underload", "(x)a(y)a*S", "", "(x)(y)"),
    ("underload", "(:*):^:*S", "", ":*:*:*:*"),
    ("fractran", "72 3/2", "", "72\n108\n162\n243\n"),
    ("fractran", "455/33, 11/13, 1/11, 3/7, 11/2, 1/3", "6\n", "6\n33\n455\n385\n35\n15\n5\n"),
    ("thue", "a::=~Hello\n::=\naba", "", "HelloHello"),
    ("thue", "a::=:::\nyes::=~it is\n::=\na", "yes\n", "it is"),
    ("subleq", "6 -1 3  0 0 -1  72", "", "H"),
    ("subleq", "-1 9 3  9 -1 6  6 6 -1  0 # one byte", "x", "x"),
    ("bct", "0\n101\n", "", "101\n01\n1\n\n"),
    ("befunge93", '"!dlroW ,olleH">:#,_@', "", "Hello, World!"),
    ("befunge93", "&>:1-:v v *_$.@ \n ^    _$>\\:^\n", "5\n", "120 "),
    ("befunge93", SIEVE, "", PRIMES),
    ("befunge93", QUINE, "", QUINE),
    ("befunge93", '"a"00p00g,@', "", "a"),
    ("befunge98", '"!dlroW ,olleH">:#,_@', "", "Hello, World!"),
    ("befunge98", '"olleH"4k,@', "", "Hello"),
    ("befunge98", "f.a.'a,@", "", "15 10 a"),
    ("befunge98", "7 3-.73%.@", "", "4 1 "),
    ("cow", "MoO MoO MoO OOM", "", "3\n"),
    ("cow", "MoO " * 65 + "Moo MoO Moo", "", "AB"),
    ("false", "[$1=~[$1-f;!*]?]f: 6f;!.", "", "720"),
    ("false", "5[$][$.1-]#", "", "54321"),
    ("false", '3 4=. 3 3=. "hi" 1 2 3 2O.', "", "0-1hi1"),
    ("false", "99 9[1-$][\\$@$@$@$@\\/*=[1-$$[%\\1-$@]?0=[\\$.' ,\\]?]?]#", "",
     "97 89 83 79 73 71 67 61 59 53 47 43 41 37 31 29 23 19 17 13 11 7 5 3 2 "),
    ("whitespace", COUNT.replace(" ", "").translate({ord("S"): " ", ord("T"): "\t", ord("L"): "\n"}), "",
     "".join(f"{n}\n" for n in range(1, 11))),
    ("lolcode", LOL % 'VISIBLE "HAI " AN "WORLD!"', "", "HAI WORLD!\n"),
    ("lolcode", LOL % "IM IN YR loop UPPIN YR i TIL BOTH SAEM i AN 3\nVISIBLE SUM OF i AN 1\nIM OUTTA YR loop", "", "1\n2\n3\n"),
    ("lolcode", LOL % 'I HAS A x ITZ 5\nBOTH SAEM x AN 5, O RLY?\nYA RLY\nVISIBLE "five"\nNO WAI\nVISIBLE "other"\nOIC', "", "five\n"),
    ("lolcode", LOL % 'HOW IZ I twice YR n\nFOUND YR PRODUKT OF n AN 2\nIF U SAY SO\nVISIBLE I IZ twice YR 21 MKAY', "", "42\n"),
    ("lolcode", LOL % 'I HAS A name\nGIMMEH name\nVISIBLE SMOOSH "HAI " AN name MKAY', "Kitteh\n", "HAI Kitteh\n"),
    ("golfscript", "10,{.*}%p;", "", "[0 1 4 9 16 25 36 49 64 81]\n\n"),
    ("golfscript", ";5,{)}%{*}*", "", "120\n"),
    ("golfscript", ';"abc"-1%', "", "cba\n"),
    ("golfscript", "~+", "3 4", "7\n"),
    ("golfscript", ';2 100?', "", f"{2 ** 100}\n"),
    ("rockstar", "Tommy was a lovestruck ladykiller\nShout Tommy\n", "", "100\n"),
    ("rockstar", "My heart is 5\nWhile my heart is greater than 2\nShout my heart\nKnock my heart down\n\n", "", "5\n4\n3\n"),
    ("rockstar", "Midnight takes your heart and your soul\nGive back your heart with your soul\n\nShout Midnight taking 2, 3\n", "", "5\n"),
    ("rockstar", "Listen to the crowd\nShout the crowd\n", "yeah\n", "yeah\n"),
    ("slashes", "/foo/Hello, world!//bar/foo/bar", "", "Hello, world!"),
    ("slashes", "/a/b\\/c/x\\\\y a\\\\", "", "x\\y b"),
    ("slashes", "/ab/ba/aabb|aaa", "", "bbaa|aaa"),
    ("slashes", "/*/+//1+/+1/never /unfinished", "", "never "),
    ("forte", "10 PRINT 6*9\n20 LET 9=7\n30 PRINT 6*9\n40 END\n", "", "54\n42\n"),
    ("forte", "102 PRINT 9;:\n    PRINT \" left\":\n    LET 9 = (9 + 5000) - 5001:\n    LET 101 = 101 + 2\n"
     "103 LET 102 = 102 + 2: LET 108 = 1\n112 END\n", "", "9 left\n8 left\n7 left\n"),
    ("forte", "1 INPUT 5: PRINT 5 + 1: REM all: of: this\n2 END\n", "41\n", "42\n"),
    ("forte", f"1 PRINT ({10 ** 30} * {10 ** 30}): LET {10 ** 40} = 3: PRINT ({10 ** 40} + 1)\n2 END\n", "", f"{10 ** 60}\n4\n"),
    ("forte", '1 GET 1000: PUT 1000: PRINT "a\\"b"; : GET 2000: PRINT 2000\n2 END\n', "x", 'xa"b256\n'),
    ("unlambda", "`r`.*i", "", "*\n"),
    ("unlambda", "``cir", "", "\n"),
    ("unlambda", "`d`.ai", "", ""),
    ("unlambda", "``d`.ai.b # a promise is kept when it is called", "", "a"),
    ("unlambda", "``d.a`.bi", "", "ba"),
    ("unlambda", "``vd`.ai", "", "a"),
    ("unlambda", "`.a`e`.bi", "", "b"),
    ("unlambda", "```k.a.bi", "", "a"),
    ("unlambda", "````sk.a.b.c", "", "ab"),
    ("unlambda", "``@`.+`|i`.-i", "x", "+-"),
    ("unlambda", "``@i```?xi.*i", "x", "*"),
    ("unlambda", "``@i```?xi.*i", "y", ""),
    ("unlambda", "``@i```?xi.*i", "", ""),
    ("unlambda", "```s`d`@|i`ci", "x", "x"),
    ("cjam", "4 2 3*7-+", "", "3"),
    ("cjam", "5,{_*}%p", "", "[0 1 4 9 16]\n"),
    ("cjam", "l~+", "3 4\n", "7"),
    ("cjam", "0 1{_2$+}8*]p", "", "[0 1 1 2 3 5 8 13 21 34]\n"),
    ("cjam", "2 100#S-1d3/", "", f"{2 ** 100} -0.3333333333333333"),
    ("cjam", "10[1 1]{(_j\\(j+}j", "", "89"),
    ("cjam", '"%05.2f|%d"[3.14159 42]e%', "", "03.14|42"),
    ("cjam", '"aabccc"e`p60mfp3e!,', "", "[[2 'a] [1 'b] [3 'c]]\n[2 2 3 5]\n6"),
    ("cjam", "[[1 2 3][4 5]]zp[1[2[3]]]e_p", "", "[[1 4] [2 5] [3]]\n[1 2 3]\n"),
    ("cjam", '"naïve"eu_,"\\"\\\\"`', "", 'NAÏVE5"\\"\\\\"'),
    ("cjam", "qS/:i$p", "3 1 2", "[1 2 3]\n"),
    ("cjam", "{1 2+}:F`F 1e10d.5", "", "{1 2+}31.0E100.5"),
]

ERRORS = [
    ("brainfuck", "["), ("brainfuck", "]"), ("underload", "(a"), ("underload", "*"), ("fractran", "2 1/0"), ("false", "["),
    ("whitespace", "   "), ("lolcode", LOL % "VISIBLE"), ("golfscript", "+"), ("rockstar", "Shout\n"), ("forte", "1 PRINT 1"),
    ("forte", "1 LET 1"), ("forte", '1 PRINT "x'), ("cjam", "+"), ("cjam", '"x'), ("cjam", "1{+}~"), ("cjam", "[]:+"), ("cjam", "ez"),
    ("cjam", "1}"), ("subleq", "1 x 3"), ("thue", "a=b\n"),
    ("unlambda", "``i"), ("unlambda", "x"), ("unlambda", "ii"), ("unlambda", ""), ("unlambda", "`i?"),
]


@pytest.mark.parametrize("language, program, stdin, output", PROGRAMS, ids=[f"{row[0]}-{i}" for i, row in enumerate(PROGRAMS)])
def test_output_is_that_of_the_description(run, language, program, stdin, output):
    assert run(language, program, stdin, expect=0).text == output


@pytest.mark.parametrize("language, program", ERRORS)
def test_error_is_told(run, language, program):
    assert run(language, program, "", expect=1).err.startswith(f"{language}: ")


def test_failing_cjam_prints_its_stack(run):
    assert run("cjam", "1 2 0/", expect=1).text == "1"


@pytest.mark.parametrize("language", sorted(set(NAMES) - {"befunge93", "befunge98", "subleq"}))  # they go round in it
def test_empty_program_ends(run, language):
    assert run(language, "").status in (0, 1)


def odd_programs(language):
    chance = random.Random(language)
    yield bytes(chance.randrange(256) for _ in range(4096))
    text = pathlib.Path(next(path for path in ROOT.glob("runtimes/*/*.toml") if f'own = ["{language}"]' in path.read_text())).read_text()
    yield "".join(chance.choice(text) for _ in range(4096)).encode()
    for opening in "([{":
        yield opening.encode() * 200_000


@pytest.mark.parametrize("build", BUILDS[-1:], ids=lambda path: path.parents[1].name)
@pytest.mark.parametrize("language", NAMES)
def test_what_is_no_program_does_no_harm(tmp_path, build, language):
    for i, program in enumerate(odd_programs(language)):
        path = tmp_path / str(i)
        path.write_bytes(program)
        done = subprocess.run(["prlimit", "--cpu=1", "--as=unlimited", build / language, path], input=b"1 2\nx\n", capture_output=True,
                              check=False, timeout=60)
        assert done.returncode in (0, 1, 3, -signal.SIGXCPU, -signal.SIGKILL), (i, done.returncode)
        assert b"Sanitizer" not in done.stderr and b"runtime error" not in done.stderr, done.stderr
