# SPDX-License-Identifier: Apache-2.0
"""Writes docs/languages-elsewhere.md from src/recipes/elsewhere.def: `make docs`; tests/cli/test_elsewhere_docs.py says when that is due."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/languages-elsewhere.md"
DATA = ROOT / "src/recipes/elsewhere.def"
HEAD = """# Languages that no recipe installs

[Recipes](recipes.md) install from Debian, from npm, or are interpreters of belljar's own. What neither has is not built here from sources, nor downloaded by a program that a package brings. These languages of
Piston's, Judge0's or our own lists are such ones, with the reason and the other ways: [Piston's package](piston-packages.md), where its index is at hand, or an [image](images.md). Any image that has a
language will do, your own as well: `belljar image import FILE.tar --as NAME`.

| language | why | Piston's package | image |
| --- | --- | --- | --- |
"""


def rows():
    """[(name, package, image, why)], without package or image: None."""
    text = DATA.read_text()
    words = dict(re.findall(r'^#define (\w+) +"(.*)"$', text, re.MULTILINE))
    found = re.findall(r'^ELSEWHERE\("([^"]+)", (NULL|"[^"]+"), (NULL|"[^"]+"),\s+(\w+|"[^"]+")\)$', text, re.MULTILINE)
    assert len(found) == text.count("\nELSEWHERE(")
    plain = [[None if one == "NULL" else words.get(one, one.strip('"')) for one in row] for row in found]
    return [tuple(row) for row in plain]


def page():
    lines = []
    for name, package, image, why in rows():
        lines.append(f"| {name} | {why} | {f'`belljar pkg install piston:{package}`' if package else '-'} | {f'`{image}`' if image else '-'} |\n")
    return HEAD + "".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page())
