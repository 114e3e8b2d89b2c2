# SPDX-License-Identifier: Apache-2.0
"""The rows of the matrix: the recipes that can be installed, and what is installed of them."""
import dataclasses
import hashlib
import json
import pathlib
import platform
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests"), str(ROOT / "tests/bench")]

from check_recipes import load  # pylint: disable=wrong-import-position
from support.server import BUILD, clean_environment  # pylint: disable=wrong-import-position

RUNTIMES = ROOT / "runtimes"
SETS = tomllib.loads((RUNTIMES / "sets.toml").read_text())
# Another number makes all results old: the checks have changed.
CHECKS = 1


@dataclasses.dataclass
class Row:
    id: str
    recipe: dict
    store: pathlib.Path

    @property
    def flat(self):
        return self.id.replace("/", "@")

    @property
    def tests(self):
        return self.recipe.get("tests", {})

    @property
    def excused(self):
        """{test: why it is not there}"""
        found = {}
        for text in self.tests.get("no", []):
            names, _, why = text.partition(":")
            found.update({name.strip(): why.strip() for name in names.split(",")})
        return found

    @property
    def manifest_path(self):
        return self.store / "runtimes" / self.flat / "manifest.toml"

    @property
    def is_installed(self):
        return self.manifest_path.exists()

    @property
    def manifest(self):
        return tomllib.loads(self.manifest_path.read_text())

    @property
    def home(self):
        return "/opt/runtimes/" + self.id.replace("/", "-")

    def key(self):
        """What its result is about: what is installed, wherever its layers lie, and the tests."""
        what = self.manifest if self.is_installed else {}
        what = {key: value for key, value in what.items() if key not in ("installed", "layers", "pinned")}
        return hashlib.sha256(json.dumps([CHECKS, what, self.tests], sort_keys=True).encode()).hexdigest()


def is_row(recipe):
    machines = recipe.get("machines") or [platform.machine()]
    return "language" in recipe and ("install" in recipe or "files" in recipe) and platform.machine() in machines


def all_rows(store):
    ids = sorted(str(path.relative_to(RUNTIMES).with_suffix("")) for path in RUNTIMES.glob("*/*.toml"))
    recipes = {one: load(RUNTIMES, one) for one in ids}
    return [Row(one, recipe, store) for one, recipe in recipes.items() if is_row(recipe)]


def words_of(words):
    """Without sets, which are replaced by their words."""
    found = []
    for word in words:
        found += words_of(SETS[word[1:]]["recipes"]) if word.startswith("@") else [word.partition("=")[0]]
    return found


def chosen(rows, words):
    """Rows by id, language, alias or package; of a word that nothing has, an error."""
    if not words or "@all" in words:
        return rows
    found = []
    for word in words_of(words):
        names = [r for r in rows if word in (r.id, r.recipe["language"], r.recipe.get("package"), *r.recipe.get("aliases", []))]
        exact = [r for r in names if word == r.id]
        if not names:
            raise SystemExit(f"no recipe that can be installed is called '{word}'")
        found += [r for r in exact or names if r not in found]
    return found


def belljar(*words, check=True):
    return subprocess.run([str(BUILD / "belljar"), *words], capture_output=True, text=True, errors="replace",
                          env=clean_environment(), check=check)


def sizes(store):
    """{id: (own bytes, shared bytes)}"""
    listed = json.loads(belljar("pkg", "list", "--json", "--runtimes-dir", str(store)).stdout)
    return {one["id"]: (one["own_bytes"], one["shared_bytes"]) for one in listed["runtimes"]}


def layer_bytes(store, numbers):
    """Bytes on the disk; what several have is counted once."""
    said = subprocess.run(["du", "-cs", "--block-size=1", *(str(store / "layers" / str(number)) for number in numbers)], capture_output=True, text=True, check=True)
    return int(said.stdout.splitlines()[-1].split()[0])


def set_ids(words, store):
    """What `belljar pkg install WORD...` means."""
    ids = []
    for word in words:
        said = belljar("pkg", "--events", "available", word, "--runtimes-dir", str(store)).stdout
        ids += [one["id"] for one in json.loads(said.splitlines()[-1])["chosen"]]
    return list(dict.fromkeys(ids))


def install(row):
    """None, or why it failed."""
    done = belljar("pkg", "install", "--yes", "--runtimes-dir", str(row.store), row.id, check=False)
    return None if done.returncode == 0 else (done.stderr or done.stdout).strip()[-2000:]
