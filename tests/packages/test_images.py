# SPDX-License-Identifier: Apache-2.0
"""OCI images as languages: made here, imported, and run by `belljar run`; and such as were made to do harm."""
import gzip
import json
import os
import pathlib
import random
import signal
import subprocess
import tarfile
import time

import pytest

from support.images import Image, Layer, Layout, MACHINE, OTHER, docker_save, shell, write_tar
from support.registry import Registry
from support.server import BUILD, clean_environment

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

HELLO = 'echo "Hello, $1!"\n'


class Store:
    def __init__(self, folder, archives, *flags):
        self.folder, self.archives, self.flags = folder, archives, flags
        folder.mkdir(mode=0o755, exist_ok=True)

    def belljar(self, command, *words, env=None, timeout=180, **more):
        return subprocess.run([BUILD / "belljar", command, f"--runtimes-dir={self.folder}", *map(str, words)], env={**clean_environment(), **(env or {})},
                              capture_output=True, text=True, timeout=timeout, check=False, **more)

    def image(self, *words, **more):
        return self.belljar("image", *words, *self.flags, **more)

    def take(self, archive, *words, name="toy"):
        done = self.image("import", archive, "--as", name, *words)
        assert done.returncode == 0, done.stderr
        return [line.split() for line in done.stdout.splitlines()]

    def refuse(self, archive, *said, name="toy", flags=("--run", "sh {main}")):
        """In one line that says why; nothing stays."""
        done = self.image("import", archive, "--as", name, *flags)
        errors = [line for line in done.stderr.splitlines() if not line.startswith("belljar image: toy: layer")]
        assert done.returncode == 1 and len(errors) == 1 and all(word in errors[0] for word in said), done.stderr
        self.clean(runtimes=0)
        return errors[0]

    def run(self, program, *args, language="toy", **more):
        source = self.archives / "program"
        source.write_text(program)
        return self.belljar("run", "-l", language, source, *args, **more)

    def clean(self, runtimes=1, layers=None):
        """No stage is left when the next one opens the store."""
        assert self.image("remove", "no-such-image").returncode == 1
        assert os.listdir(self.folder / "stage") == []
        assert len(os.listdir(self.folder / "runtimes")) == runtimes
        if layers is not None:
            assert len(os.listdir(self.folder / "layers")) == layers


@pytest.fixture
def store(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "archives").mkdir()
    return Store(tmp_path / "packages", tmp_path / "archives")


@pytest.fixture(scope="session")
def base():
    return shell().bytes()


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    one = Registry(tmp_path_factory.mktemp("registry"))
    yield one
    one.stop()


def save(store, *layers, config=None, **more):
    return docker_save(store.archives / "image.tar", Image(*layers, config=config or {"Cmd": ["/usr/bin/sh"]}), **more)


# --- what runs -----------------------------------------------------------------------------------


def test_a_saved_image_runs(store, base):
    archive = save(store, base, config={"Cmd": ["/usr/bin/sh"], "Env": ["PATH=/usr/bin", "WORD=from the image", "HOME=/root"]}, tags=["toy:1.2-slim"])
    assert store.take(archive) == [["image/toy", "toy", "1.2.0"]]
    done = store.run('echo "Hello, $1! $WORD $HOME"; read line; echo $line; exit 3', "World", input="line\n")
    assert (done.returncode, done.stdout, done.stderr) == (3, "Hello, World! from the image /tmp\nline\n", "")


@pytest.mark.parametrize("forms", [("tar", "gzip"), ("zstd", "tar"), ("gzip", "zstd")])
@pytest.mark.parametrize("folder", [False, True])
def test_a_layout_runs_whatever_its_layers_are_packed_by(store, base, forms, folder):
    layout = Layout().add(Image(base, Layer().add("etc/word", "second"), config={"Entrypoint": ["sh"], "Env": ["PATH=/usr/bin"]}), forms=forms)
    place = store.archives / "layout"
    place.mkdir()
    store.take(layout.write_folder(place) if folder else layout.write(place / "a.tar"))
    assert store.run("cat /etc/word").stdout == "second"


def test_of_several_machines_this_ones_is_taken(store, base):
    layout = Layout()
    layout.add(Image(Layer().add("x", "x"), architecture=OTHER)).add(Image(base, config={"Cmd": ["/usr/bin/sh"]})).nest()
    del layout.files[[name for name in layout.files if name.startswith("blobs")][0]]  # a copy for one machine lacks the others' blobs
    store.take(layout.write(store.archives / "a.tar"))
    assert store.run(HELLO, "you").stdout == "Hello, you!\n"


def test_another_machines_image_is_refused(store, base):
    store.refuse(docker_save(store.archives / "a.tar", Image(base, architecture=OTHER)), OTHER)
    store.refuse(Layout().add(Image(base, architecture=OTHER)).write(store.archives / "b.tar"), "for this machine")


def test_an_archive_of_several_images_needs_a_name(store, base):
    one, two = Image(base, config={"Cmd": ["sh"]}), Image(base, Layer().add("etc/two", "2"), config={"Cmd": ["/usr/bin/sh"]})
    for archive in (docker_save(store.archives / "a.tar", one, two, tags=["toy:1.0", "toy:2.0"]),
                    Layout().add(one, "toy:1.0").add(two, "toy:2.0").write(store.archives / "b.tar")):
        store.refuse(archive, "toy:1.0", "toy:2.0", "--ref")
        store.refuse(archive, "toy:3.0", flags=("--ref", "toy:3.0"))
        assert store.take(archive, "--ref", "toy:2.0")[0][2] == "2.0.0"
        assert store.run("cat /etc/two").stdout == "2"
        assert store.image("remove", "toy").returncode == 0


def test_whiteouts_opaque_directories_and_hard_links(store, base):
    first = Layer().add("a/gone", "1").add("a/stays", "1").add("b/old", "1").add("c/file", "1").hard("c/other", "c/file").add("d", "file")
    second = Layer().gone("a/gone").folder("b").add("b/new", "2").opaque("b").gone("c/file").gone("d").folder("d").add("d/in", "2")
    store.take(save(store, base, first, second))
    assert store.run("ls /a /b /c /d; cat /c/other").stdout.split() == ["/a:", "stays", "/b:", "new", "/c:", "other", "/d:", "in", "1"]


def test_images_share_layers(store, base):
    store.take(save(store, base, Layer().add("one", "1")), name="one")
    store.take(Layout().add(Image(base, Layer().add("two", "2"), config={"Cmd": ["/usr/bin/sh"]})).write(store.archives / "b.tar"), name="two")
    store.clean(runtimes=2, layers=3)
    assert store.image("remove", "one").returncode == 0
    store.clean(runtimes=1, layers=2)
    assert store.run("cat /two", language="two").stdout == "2"


def test_a_layer_that_is_there_twice_and_an_empty_one(store, base):
    again = Layer().add("etc/again", "1").bytes()
    store.take(save(store, base, again, Layer(), Layer().add("etc/again", "2"), again, Layer()))
    assert store.run("cat /etc/again").stdout == "1"


def test_more_layers_than_a_root_can_have(store, base):
    layers = [base, Layer().add("a/first", "1").add("b/under", "1").add("e", "file")]
    layers += [Layer().add(f"n/{k}", str(k)) for k in range(40)]
    layers += [Layer().gone("a/first").gone("n/38").opaque("b").add("b/over", "2").gone("e").folder("e").add("e/in", "3"), Layer().gone("n/39").add("n/40", "4")]
    store.take(save(store, *layers))
    done = store.run("ls /a; ls /b /e; ls /n | cat; cat /n/37")
    assert done.stdout.split() == ["/b:", "over", "/e:", "in", *sorted([str(k) for k in range(38)] + ["40"]), "37"], done.stderr
    assert len(os.listdir(store.folder / "layers")) <= 24


def test_a_top_that_hides_all_below_begins_the_list(store, base):
    store.take(save(store, Layer().add("old", "1"), Layer().opaque("").add("new", "1"), base))
    assert "old" not in store.run("ls /").stdout


# --- users ---------------------------------------------------------------------------------------


PASSWD = "root:x:0:0::/root:/bin/sh\napp:x:1234:1235::/home/app:/bin/sh\n"
GROUPS = "root:x:0:\napp:x:1235:\nreaders:x:77:other,app\n"
SECRETS = [("mine", 1234, 5, 0o600), ("groups", 0, 1235, 0o640), ("readers", 0, 77, 0o040), ("roots", 0, 0, 0o600), ("others", 9, 9, 0o604), ("not-me", 1234, 0, 0o077)]


def user_image(store, base, user):
    layer = Layer().add("etc/passwd", PASSWD).add("etc/group", GROUPS).folder("s").folder("closed", mode=0o700).add("closed/in", "1")
    for name, uid, gid, mode in SECRETS:
        layer.add(f"s/{name}", name, uid=uid, gid=gid, mode=mode)
    layer.add("s/runs", "#!/usr/bin/sh\necho ran\n", uid=1234, mode=0o700)
    return save(store, base, layer, config={"User": user, "Cmd": ["/usr/bin/sh"]})


@pytest.mark.parametrize("user", ["app", "1234", "app:readers", "4321", "4321:1235", "", "root", "0:77"])
def test_what_the_images_user_may_read_all_may_and_nothing_else(store, base, user):
    store.take(user_image(store, base, user))
    everything = sorted(["runs"] + [name for name, *_ in SECRETS])
    seen = {"app": ["groups", "mine", "others", "readers", "runs"], "app:readers": ["mine", "others", "readers", "runs"],
            "4321": ["not-me", "others"], "4321:1235": ["groups", "not-me", "others"], "0:77": everything}
    seen = {**seen, "1234": seen["app"], "": everything, "root": everything}[user]
    done = store.run("ls /s /closed; test -f /s/runs && /s/runs; for f in /s/*; do cat $f >/dev/null || echo cannot $f; done")
    closed = ["/closed:", "in"] if seen == everything else ["/closed:"]
    assert done.stdout.split() == [*closed, "/s:", *seen, *(["ran"] if "runs" in seen else [])], done.stderr


def test_a_user_that_the_image_does_not_know_is_an_error(store, base):
    store.refuse(user_image(store, base, "nobody-here"), "nobody-here", "/etc/passwd")
    store.refuse(user_image(store, base, "app:nobody-here"), "nobody-here", "/etc/group")


def test_nothing_of_an_image_is_more_than_a_file(store, base):
    layer = Layer().add("s/suid", "x", mode=0o6755).add("s/dev", kind=tarfile.CHRTYPE).add("s/fifo", kind=tarfile.FIFOTYPE)
    layer.add("dev/mem", kind=tarfile.CHRTYPE).add("dev/zero", "no device").add("etc/passwd", "root::0:0::/:/bin/sh\n")
    store.take(save(store, base, Layer().add("s/dev", "under"), layer))
    assert store.run("ls /s; read a < /etc/passwd; echo $a").stdout.split()[0] == "suid"
    for path in store.folder.joinpath("layers").rglob("*"):
        status = path.lstat()
        assert status.st_mode & 0o7000 == 0 and (not path.is_char_device() or status.st_rdev == 0) and status.st_uid == 0


# --- how it runs -----------------------------------------------------------------------------------


def test_commands_are_the_users_before_the_images(store, base):
    archive = save(store, base, config={"Cmd": ["/no/such"], "Env": ["PATH=/usr/bin"]})
    assert store.take(archive, "--language", "shell", "--version", "3.4", "--alias", "shh", "--extension", ".shell", "--compile", "cat {main}",
                      "--run", "sh -x {main} {args}") == [["image/toy", "shell", "3.4.0"]]
    done = store.run(HELLO, "you", language="shh=3.x")
    assert (done.returncode, done.stdout) == (0, "Hello, you!\n") and "+ echo" in done.stderr, done.stderr


def test_a_recipe_says_it_all_and_its_hello_is_tried(store, base):
    recipe = store.archives / "toy.toml"
    text = ('language = "shell"\nname = "Shell"\nversion = "9.8.7"\nextensions = [".shell"]\nfile = "a.shell"\ntools = ["sh"]\nrun = ["{tool}", "{main}", "{args}"]\n'
            '[ask]\nargs = ["-c", "echo 5.6.7"]\n[tests]\nhello = "echo Hello, World!"\n')
    recipe.write_text(text)
    assert store.take(save(store, base), "--recipe", recipe) == [["image/toy", "shell", "5.6.7"]]
    assert store.run(HELLO, "you", language="shell").stdout == "Hello, you!\n"
    recipe.write_text(text.replace("Hello, World!", "Goodbye"))
    done = store.image("import", store.archives / "image.tar", "--as", "other", "--recipe", recipe)
    assert done.returncode == 1 and "hello program" in done.stderr
    store.clean(runtimes=1)


def package(layer, language, version, info=None):
    place = f"piston/packages/{language}/{version}"
    layer.add(f"{place}/run", 'echo "$LANGUAGE_IS $1"\nsh "$@"\n', mode=0o755)
    layer.add(f"{place}/environment", f"export PATH=/usr/bin\nexport LANGUAGE_IS={language}-$PWD\n")
    if info:
        layer.add(f"{place}/pkg-info.json", json.dumps(info))
    return layer


def test_packages_of_pistons_in_an_image(store, base):
    layer = package(Layer(), "toy", "1.2.0")
    assert store.take(save(store, base, layer, config={"Cmd": ["/no/such"]})) == [["image/toy", "toy", "1.2.0"]]
    first, second = store.run(HELLO, "you").stdout.splitlines()
    assert first.startswith("toy-/piston/packages/toy/1.2.0 ") and second == "Hello, you!"
    several = package(package(Layer(), "ab", "1.0.0", {"language": "a", "version": "1.0.1", "aliases": ["first"]}), "b", "2.0.0")
    made = store.take(save(store, base, several))
    assert sorted(line[0] for line in made) == ["image/toy#a-1.0.0", "image/toy#b-2.0.0"]
    assert "Hello, you!" in store.run(HELLO, "you", language="first").stdout
    store.clean(runtimes=2)  # the one of before is gone
    assert store.image("remove", "toy").returncode == 0
    store.clean(runtimes=0, layers=0)


def test_run_sh_of_an_image(store, base):
    layer = Layer().add("work/run.sh", 'echo run.sh; exec sh "$@"\n')
    store.take(save(store, base, layer, config={"WorkingDir": "/work", "Cmd": ["/no/such"], "Env": ["PATH=/usr/bin"]}))
    assert store.run(HELLO, "you").stdout == "run.sh\nHello, you!\n"


def test_an_image_that_says_nothing_needs_a_command(store, base):
    store.refuse(save(store, base, config={"Env": []}), "--run", flags=())


def test_python_of_debian(store):
    layer = Layer().link("lib64", "usr/lib64").link("lib", "usr/lib").program("/usr/bin/python3.11").link("usr/bin/python3", "python3.11")
    layer.tree("/usr/lib/python3.11", leave_out=("dist-packages", "test", "idlelib", "lib2to3", "__pycache__", "ensurepip", "pydoc_data"))
    layout = Layout().add(Image(layer, config={"Cmd": ["python3"], "Env": ["PATH=/usr/bin", "LANG=C.UTF-8"]}), "python:3.11-slim", forms=("zstd",))
    assert store.take(layout.write(store.archives / "p.tar"), "--language", "python", name="py") == [["image/py", "python", "3.11.0"]]
    done = store.run("import sys, json\nprint(json.dumps([sys.version_info[:2], sys.stdin.read()]), 'naïve 世界 🌍')", language="python=3.11.0", input="in")
    assert done.stdout == '[[3, 11], "in"] naïve 世界 🌍\n', done.stderr


# --- list, remove, specs, pull -----------------------------------------------------------------------


def test_images_are_listed_and_removed(store, base):
    assert (store.image("list").returncode, store.image("list").stdout) == (0, "")
    store.take(save(store, base, tags=["registry/toy:1.0"]))
    line = store.image("list").stdout.split()
    assert line[:3] == ["toy", "toy", "1.0.0"] and "registry/toy:1.0" in line and line[-1].startswith("sha256:")
    event = json.loads(store.image("list", "--events").stdout)
    assert event["end"] == "ok" and event["images"][0]["layers"] == 1
    assert store.image("remove", "toy").returncode == 0
    assert store.image("list").stdout == "" and "there is no image 'toy'" in store.image("remove", "toy").stderr


def test_events_are_lines_of_json(store, base):
    done = store.image("import", save(store, base), "--as", "toy", "--events")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0] == {"phase": "unpack", "what": "toy", "done": 1, "total": 1} and done.stderr == ""
    assert lines[-1] == {"end": "ok", "installed": [{"id": "image/toy", "language": "toy", "version": "0.0.0"}]}
    done = store.image("import", "/no/such", "--as", "toy", "--events")
    assert json.loads(done.stdout)["kind"] == "not_found" and done.returncode == 1


@pytest.mark.parametrize("name", ["", "A", "a/b", "../a", "a b", "-a", "a#b", "x" * 41])
def test_what_is_no_name_is_refused(store, base, name):
    done = store.image("import", save(store, base), f"--as={name}")
    assert done.returncode == 1 and "name" in done.stderr


def test_a_spec_of_an_archive_and_of_an_installed_image(store, base):
    save(store, base)
    (store.archives / "mine.json").write_text(json.dumps({"language": "mine", "version": "1.2.3", "aliases": ["m"], "pkg": "image.tar", "versioned": False}))
    (store.archives / "yours.json").write_text(json.dumps({"language": "yours", "version": "4.5.6", "pkg": "mine"}))
    done = store.image("add", store.archives / "mine.json", store.archives / "yours.json")
    assert [line.split() for line in done.stdout.splitlines()] == [["image/mine", "mine", "1.2.3"], ["image/yours", "yours", "4.5.6"]], done.stderr
    assert store.run(HELLO, "m", language="m=1.2.3").stdout == "Hello, m!\n"
    assert store.run(HELLO, "y", language="yours").stdout == "Hello, y!\n"


def test_pkg_add_takes_a_spec(store, base):
    save(store, base)
    (store.archives / "mine.json").write_text(json.dumps({"language": "mine", "version": "1.2.3", "pkg": "image.tar"}))
    done = store.belljar("pkg", "add", store.archives / "mine.json")
    assert done.returncode == 0 and "image/mine: mine 1.2.3" in done.stdout, done.stderr
    assert store.run(HELLO, "m", language="mine").stdout == "Hello, m!\n"


@pytest.mark.parametrize("text, said", [("{", "line"), ("[]", "object"), ('{"language": "a"}', "version"), ('{"language": "a", "version": "1.0.0"}', "pkg"),
                                        ('{"language": "../a", "version": "1.0.0", "pkg": "x"}', "language"), ('{"wrong": 1}', "wrong"),
                                        ('{"language": "a", "version": "1.0.0", "pkg": "-x"}', "pkg")])
def test_a_spec_that_is_none(store, text, said):
    (store.archives / "a.json").write_text(text)
    done = store.image("add", store.archives / "a.json")
    assert done.returncode == 1 and said in done.stderr


def skopeo(store, script):
    place = store.archives / "bin"
    place.mkdir()
    (place / "skopeo").write_text("#!/bin/sh\n" + script)
    (place / "skopeo").chmod(0o755)
    return {"PATH": f"{place}:/usr/bin:/bin"}


def test_pull_goes_by_skopeo(store, base):
    Layout().add(Image(base, config={"Cmd": ["/usr/bin/sh"]})).write(store.archives / "a.tar")
    env = skopeo(store, f'echo "$@" >{store.archives}/said; for last; do :; done; exec cp {store.archives}/a.tar "${{last#oci-archive:}}"\n')
    done = store.image("pull", "registry.example/toy:3.1", "--as", "toy", env=env)
    assert (done.returncode, done.stdout.split()) == (0, ["image/toy", "toy", "3.1.0"]), done.stderr
    said = (store.archives / "said").read_text()
    assert f"--override-arch {MACHINE} copy docker://registry.example/toy:3.1 oci-archive:" in said
    assert store.run(HELLO, "you").stdout == "Hello, you!\n"
    assert "registry.example/toy:3.1" in store.image("list").stdout
    spec = store.archives / "spec.json"
    spec.write_text(json.dumps({"language": "spec", "version": "7.8.9", "pkg": "registry.example/spec", "versioned": True}))
    assert store.image("add", spec, env=env).returncode == 0
    assert "docker://registry.example/spec:7.8.9 " in (store.archives / "said").read_text()


def test_images_come_from_a_registry(store, base, registry):
    """With the password of the administrator's own login; without it the registry's own words are told."""
    reference = registry.push(save(store, base, Layer().add("etc/word", "second"), config={"Cmd": ["/usr/bin/sh"], "Env": ["PATH=/usr/bin"]}), "team/toy:3.1")
    done = store.image("pull", reference, "--as", "toy", env=registry.env)
    assert done.returncode == 1 and f"skopeo could not get '{reference}'" in done.stderr and "authentication required" in done.stderr
    store.clean(runtimes=0)
    done = store.image("pull", reference, "--as", "toy", env=registry.with_password)
    assert (done.returncode, done.stdout.split()) == (0, ["image/toy", "toy", "3.1.0"]), done.stderr
    assert store.run("cat /etc/word; " + HELLO, "you").stdout == "secondHello, you!\n"
    assert reference in store.image("list").stdout
    done = store.image("pull", f"{registry.name}/team/none:1", "--as", "none", env=registry.with_password)
    assert done.returncode == 1 and "manifest unknown" in done.stderr
    store.clean(layers=2)


def test_pull_says_what_skopeo_says_and_how_to_do_without(store):
    done = store.image("pull", "registry.example/toy", "--as", "toy", env=skopeo(store, "echo unauthorized >&2; exit 1\n"))
    assert done.returncode == 1 and "unauthorized" in done.stderr
    done = store.image("pull", "registry.example/toy", "--as", "toy", env={"PATH": str(store.archives)})
    assert done.returncode == 1 and "apt install skopeo" in done.stderr
    for wrong in ("--help", "a b", "dir:/etc", "docker-archive:/x:", ""):
        done = store.image("pull", "--as", "toy", "--", wrong)
        assert done.returncode != 0, wrong
    store.clean(runtimes=0)


# --- enemies -----------------------------------------------------------------------------------------


HOSTILE = [
    ("up", lambda l: l.add("../../escaped", "x"), "leads out"),
    ("up by a link", lambda l: l.link("out", "/etc").add("out/escaped", "x"), "leads through a link"),
    ("a hard link out", lambda l: l.hard("own", "../../../../etc/passwd"), "leads out"),
    ("a hard link to the host's", lambda l: l.hard("own", "/etc/passwd"), "no file before it"),
    ("a hard link through a link", lambda l: l.link("out", "/etc").hard("own", "out/passwd"), "no file before it"),
    ("a whiteout of the parent", lambda l: l.add("a/.wh...", ""), ".."),
    ("a whiteout that goes up", lambda l: l.add("a/../../.wh.b", ""), "leads out"),
    ("a whiteout of nothing", lambda l: l.add("a/.wh.", ""), ""),
    ("a whiteout through a link", lambda l: l.link("out", "/etc").add("out/.wh.passwd", ""), "leads through a link"),
    ("an opaque link", lambda l: l.link("out", "/etc").add("out/.wh..wh..opq", ""), "leads through a link"),
    ("too deep", lambda l: l.add("a/" * 150 + "b", ""), "deep"),
    ("a long name", lambda l: l.add("a" * 300, ""), "name"),
]


@pytest.mark.parametrize("what, make, said", HOSTILE, ids=[row[0] for row in HOSTILE])
def test_a_hostile_layer_is_refused(store, base, what, make, said):
    store.refuse(save(store, base, make(Layer())), said)
    assert not list(store.archives.parent.rglob("escaped")) and not os.path.exists("/etc/escaped")


def test_hostile_outer_archives(store, base):
    image = Image(base, config={"Cmd": ["sh"]})

    def links_out(files, links):
        name = [name for name in files if name.endswith("layer.tar")][0]
        del files[name]
        links.append((name, "/etc/passwd"))

    def config_out(files, links):
        del files[[name for name in files if len(name) == 69][0]]
        files["manifest.json"] = json.dumps([{"Config": "../../etc/hostname", "Layers": ["x"]}]).encode()
    store.refuse(docker_save(store.archives / "a.tar", image, change=links_out), "leads out")
    store.refuse(docker_save(store.archives / "b.tar", image, change=config_out), "../../etc/hostname")
    store.refuse(write_tar(store.archives / "c.tar", {"../index.json": b"{}"}), "leads out")
    store.refuse(write_tar(store.archives / "d.tar", {}), "archive")
    store.refuse(write_tar(store.archives / "e.tar", {"hello": b"x"}), "docker save")
    with tarfile.open(store.archives / "f.tar", "w") as tar:
        info = tarfile.TarInfo("index.json")
        info.type, info.devmajor, info.devminor = tarfile.CHRTYPE, 1, 1
        tar.addfile(info)
    store.refuse(store.archives / "f.tar", "neither a file")
    (store.archives / "g.tar").write_bytes(random.Random(1).randbytes(100000))
    store.refuse(store.archives / "g.tar", "archive")
    os.mkfifo(store.archives / "h.tar")
    store.refuse(store.archives / "h.tar", "neither a file nor a directory")


def test_a_link_out_of_a_folder_is_refused(store, base):
    place = store.archives / "layout"
    place.mkdir()
    Layout().add(Image(base, config={"Cmd": ["sh"]})).write_folder(place)
    blob = sorted(place.glob("blobs/sha256/*"), key=lambda path: path.stat().st_size)[-1]
    blob.rename(store.archives / "blob")
    blob.symlink_to("../../../blob")
    store.refuse(place, "leads out")


def test_what_is_not_what_its_digest_says(store, base):
    store.refuse(docker_save(store.archives / "a.tar", Image(base, config={"Cmd": ["sh"]}, wrong=0)), "digest")
    for at in range(4):
        layout = Layout().add(Image(base, config={"Cmd": ["sh"]}))
        name = sorted(name for name in layout.finish() if name.startswith("blobs"))[at % 3]
        layout.files[name] = layout.files[name][:-1] + (b" " if at < 3 else b"")
        store.refuse(layout.write(store.archives / f"{at}.tar"), "digest" if at < 3 else "bytes")


def test_manifests_that_are_huge_deep_cyclic_or_wrong(store, base):
    def index(text):
        return write_tar(store.archives / "a.tar", {"index.json": text})
    store.refuse(index(b"[" * 100000), "brackets")
    store.refuse(index(b'{"manifests": [' + b" " * (5 << 20) + b"]}"), "bytes")
    store.refuse(index(b'{"manifests": 7}'), "no image")
    store.refuse(index(b"{"), "line 1")
    store.refuse(index(b'{"manifests": [{"digest": "sha256:../../../etc/passwd", "size": 1}]}'), "digest")
    store.refuse(index(b'{"manifests": [{"digest": "sha256:' + b"a" * 64 + b'", "size": -1}]}'), "size")
    deep = Layout().add(Image(base))
    for _ in range(8):
        deep.nest()
    store.refuse(deep.write(store.archives / "b.tar"), "in each other")
    many = Layout().add(Image(base))
    many.manifests *= 1000
    store.refuse(many.write(store.archives / "c.tar"), "manifests")
    layers = Image(*[Layer().add("a", str(k)) for k in range(200)])
    store.refuse(docker_save(store.archives / "d.tar", layers), "layers")
    fewer = Image(base, Layer().add("a", "b"))
    fewer.diff_ids.pop()
    store.refuse(docker_save(store.archives / "e.tar", fewer), "configuration tells of 1")
    artifact = Layout()
    artifact.manifests.append(artifact.blob("manifest.v1+json", json.dumps({"config": artifact.blob("config", b"{}"), "layers": [
        {**artifact.blob("x", b"x"), "mediaType": "application/vnd.cncf.helm.chart.content.v1"}]}).encode()))
    store.refuse(artifact.write(store.archives / "f.tar"), "no image")


def test_bombs_end_at_the_limits(store, base):
    store.flags = ("--config", store.archives / "small.toml")
    (store.archives / "small.toml").write_text('[packages]\nimage_max_bytes = "12M"\nimage_max_files = 300\n')
    zeros = Layer().add("zeros", bytes(40 << 20))
    layout = Layout().add(Image(base, zeros, config={"Cmd": ["sh"]}), forms=("gzip", "gzip")).write(store.archives / "a.tar")
    store.refuse(layout, "zeros", "more than")
    names = Layer()
    for k in range(400):
        names.add(f"n/{k}")
    store.refuse(Layout().add(Image(base, names, config={"Cmd": ["sh"]})).write(store.archives / "b.tar"), "files and directories")
    (store.archives / "c.tar.gz").write_bytes(gzip.compress(pathlib.Path(write_tar(store.archives / "c.tar", {"x": bytes(40 << 20)})).read_bytes()))
    store.refuse(store.archives / "c.tar.gz", "more than")
    one = [Layer().add(f"part{k}", random.Random(k).randbytes(3 << 20)) for k in range(4)]
    store.refuse(Layout().add(Image(base, *one, config={"Cmd": ["sh"]})).write(store.archives / "d.tar"), "more than")


def test_archives_that_are_cut(store, base):
    layout = Layout().add(Image(base, Layer().add("a", "b"), config={"Cmd": ["sh"]}), forms=("zstd", "gzip"))
    whole = layout.write(store.archives / "whole.tar").read_bytes()
    for part in (0, 100, 512, 5000, len(whole) // 3, len(whole) // 2, len(whole) - 20000):
        (store.archives / "cut.tar").write_bytes(whole[:part])
        store.refuse(store.archives / "cut.tar")
    for form in ("gzip", "zstd"):  # whole archives of layers that are cut, with digests that are right
        layout = Layout()
        manifest = layout.manifest(Image(base, config={"Cmd": ["sh"]}), (form,))
        text = json.loads(layout.files["blobs/sha256/" + manifest["digest"][7:]])
        blob = layout.files["blobs/sha256/" + text["layers"][0]["digest"][7:]]
        text["layers"][0] = {**layout.blob("layer.v1.tar+" + form, blob[:len(blob) * 2 // 3])}
        layout.manifests = [layout.blob("manifest.v1+json", json.dumps(text).encode())]
        store.refuse(layout.write(store.archives / "layer.tar"), "layer 1")


def test_killed_at_any_moment_and_then_again(store, base):
    layout = Layout().add(Image(base, *[Layer().add(f"part{k}", random.Random(k).randbytes(1 << 20)) for k in range(4)], config={"Cmd": ["/usr/bin/sh"]}))
    archive = layout.write(store.archives / "a.tar")
    begin = time.monotonic()
    store.take(archive, name="other")
    whole = time.monotonic() - begin
    choose = random.Random(20261123)
    for _ in range(8):
        with subprocess.Popen([BUILD / "belljar", "image", f"--runtimes-dir={store.folder}", "import", archive, "--as", "toy"], env=clean_environment(),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                process.wait(timeout=choose.uniform(0, whole))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
        assert store.run(HELLO, "other", language="other").stdout == "Hello, other!\n"
    store.take(archive)
    store.clean(runtimes=2, layers=5)
    assert store.run(HELLO, "toy").stdout == "Hello, toy!\n"


def test_a_full_disk_is_told_and_leaves_nothing(store, base):
    """In a mount namespace of its own, on a tmpfs that is too small for the layers."""
    archive = Layout().add(Image(base, *[Layer().add(f"part{k}", random.Random(k).randbytes(3 << 20)) for k in range(5)], config={"Cmd": ["sh"]})).write(
        store.archives / "a.tar")
    script = ('mount -t tmpfs -o size=$1,mode=755 tmpfs "$2" && "$3" image import "$4" --as toy --runtimes-dir="$2"; status=$?; '
              '"$3" image remove none --runtimes-dir="$2" 2>/dev/null; ls "$2/stage" "$2/runtimes" | grep -v : >&2; exit $status')
    store.folder.mkdir(exist_ok=True)
    for size in ("6M", "20M", "30M"):
        done = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh", size, store.folder, BUILD / "belljar", archive],
                              env=clean_environment(), capture_output=True, text=True, timeout=180, check=False)
        errors = [line for line in done.stderr.splitlines() if line and "layer " not in line[:30]]
        assert done.returncode == 1 and len(errors) == 1 and "room" in errors[0] or "No space" in errors[0], done.stderr
