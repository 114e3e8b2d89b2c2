# SPDX-License-Identifier: Apache-2.0
"""Boxes whose root is made of the package store's layers, and boxes that write to a stage.

The layers are made by hand: a small system of the host's own programs, and what an archive of a stranger could bring.
"""
import os
import pathlib
import shutil
import stat

import pytest

from support import boxd as support
from support.boxd import FAILED, GUEST, ID_BASE, NOBODY, SKELETON, STORE_FIRST, failure
from support.store import BASE, Store

KINDS = {"root": {}, "user": {"user_ids": 100}, "one_id": {"user_ids": 0}}


@pytest.fixture
def store():
    one = Store()
    yield one
    shutil.rmtree(one.top)


def run(boxd, layers, script, **options):
    return boxd.run(["/bin/sh", "-c", script], layers=(GUEST, *layers), **options)


def shell(boxd, layers, script, **options):
    ended, out, err = run(boxd, layers, script, **options)
    assert (ended["end"], ended["status"]) == (support.END_EXIT, 0), err
    return out.decode()


def refusal(boxd, layers):
    """What is said of a box that cannot be made."""
    with boxd.create(0, layers=(GUEST, *layers)):
        message = boxd.recv()
        assert message[:2] == (FAILED, 0), message
        boxd.destroy(0)
    return failure(message)


def whiteout(path):
    os.mknod(path, stat.S_IFCHR, os.makedev(0, 0))


def opaque(path):
    """As the store has them."""
    os.setxattr(path, "user.overlay.opaque", b"y")


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


# --- layers ----------------------------------------------------------------------------------------------------------------


def test_layers_lie_on_each_other_in_order(store, kind):
    store.layer(1001, {"etc/who": "first", "etc/one": "1"})
    store.layer(1002, {"etc/who": "second", "etc/two": "2"})
    with support.started(store=store.layers, **kind) as boxd:
        assert shell(boxd, (1001, 1002, BASE), "cat /etc/who /etc/one /etc/two") == "first12"
        assert shell(boxd, (1002, 1001, BASE), "cat /etc/who /etc/one /etc/two") == "second12"


def test_whiteouts_and_opaque_directories_hide(store, kind):
    store.layer(1001, {"opt/gone": "x", "opt/left": "x", "var/d/inner": "x"})
    above = store.layer(1002, {"var/d/own": "y"})
    (above / "opt").mkdir()
    whiteout(above / "opt/gone")
    opaque(above / "var/d")
    with support.started(store=store.layers, **kind) as boxd:
        assert shell(boxd, (1002, 1001, BASE), "ls /opt /var/d").split() == ["/opt:", "left", "/var/d:", "own"]


def test_thirtyone_layers_of_six_digits(store, kind):
    ids = [999_900 + i for i in range(30)]
    for number in ids:
        store.layer(number, {f"etc/of-{number}": ""})
    with support.started(store=store.layers, **kind) as boxd:
        assert len(shell(boxd, (*ids, BASE), "ls /etc").split()) == 30


def test_too_long_a_list_is_refused_with_its_limit(store):
    ids = [2_000_000_000 + i for i in range(30)]
    for number in ids:
        store.layer(number)
    with support.started(store=store.layers) as boxd:
        assert "255 characters" in refusal(boxd, (*ids, BASE))


def test_nothing_of_a_layer_can_be_changed(store, kind):
    store.layer(1001, {"etc/file": "x"})
    os.chmod(store.layers + "/1001/etc", 0o777)
    os.chmod(store.layers + "/1001/etc/file", 0o666)
    with support.started(store=store.layers, **kind) as boxd:
        out = shell(boxd, (1001, BASE), "(echo y >/etc/file; echo y >/etc/new; rm -f /etc/file) 2>&1; cat /etc/file")
        assert out.count("Read-only file system") == 3 and out.endswith("x")
    assert sorted(os.listdir(store.layers + "/1001/etc")) == ["file"]


def test_setuid_of_a_layer_gives_nothing(store, kind):
    layer = store.layer(1001)
    for name in ("user", "group"):
        shutil.copy(shutil.which("id"), layer / name)
    os.chmod(layer / "user", 0o4755)
    os.chmod(layer / "group", 0o2755)
    with support.started(store=store.layers, **kind) as boxd:
        out = shell(boxd, (1001, BASE), "/user; /group")
        assert out.splitlines()[0] == out.splitlines()[1] and out.startswith("uid=1000 gid=1000")


# --- what a layer must not be able to put in place of the box' own -----------------------------------------------------------


def test_files_in_dev_and_proc_of_a_layer_are_not_the_box_own(store, kind):
    store.layer(1001, {"dev/null": "mine", "dev/zero": "mine", "dev/fd": "mine", "proc/file": "mine",
                       "proc/self": "mine", "proc/cmdline": "mine", "box/file": "mine", "tmp/file": "mine"})
    with support.started(store=store.layers, **kind) as boxd:
        out = shell(boxd, (1001, BASE), "cat /dev/null /proc/cmdline; head -c3 /dev/zero; readlink /dev/fd; ls /box /tmp;"
                                        "stat -c %F /dev/null /proc/self")
        assert out == "\0\0\0/proc/self/fd\n/box:\n\n/tmp:\ncharacter special file\nsymbolic link\n"


def test_nothing_is_added_to_dev(store, kind):
    store.layer(1001, {"dev/more": "", "dev/pts/more": ""})
    with support.started(store=store.layers, **kind) as boxd:
        assert shell(boxd, (1001, BASE), "ls /dev").split() == [
            "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"]


@pytest.mark.parametrize("target", ["/etc", "../../../..", "/box", "nothing"])
def test_links_in_place_of_the_box_own_directories_are_hidden(store, kind, target):
    layer = store.layer(1001)
    for name in ("dev", "proc", "box", "tmp"):
        os.symlink(target, layer / name)
    with support.started(store=store.layers, **kind) as boxd:
        assert shell(boxd, (1001, BASE), "for d in dev proc box tmp; do stat -c %F /$d; done; echo x >/box/f; cat /box/f"
                     ).splitlines() == ["directory"] * 4 + ["x"]


def test_links_below_the_box_own_directories_are_hidden(store, kind):
    layer = store.layer(1001, {"etc/mine": "x"})
    (layer / "dev").mkdir()
    for name in ("pts", "shm", "null"):
        os.symlink("/etc", layer / "dev" / name)
    with support.started(store=store.layers, **kind) as boxd:
        assert shell(boxd, (1001, BASE), "stat -c %F /dev/pts /dev/shm /dev/null; ls /etc").splitlines() == [
            "directory", "directory", "character special file", "mine"]


def test_devices_of_a_layer_do_not_work(store, kind):
    layer = store.layer(1001)
    for place in ("dev", "etc"):
        (layer / place).mkdir()
        os.mknod(layer / place / "mem", stat.S_IFCHR | 0o666, os.makedev(1, 1))
        os.mknod(layer / place / "other-null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        for name in ("mem", "other-null"):
            os.chmod(layer / place / name, 0o666)
    with support.started(store=store.layers, **kind) as boxd:
        script = "for f in /dev/mem /dev/other-null /etc/mem /etc/other-null; do head -c1 <$f && echo opened; done 2>&1; true"
        assert "opened" not in shell(boxd, (1001, BASE), script)


def test_links_inside_a_layer_lead_within_the_box(store, kind):
    layer = store.layer(1001, {"opt/file": "inside"})
    os.symlink("/opt/file", layer / "absolute")
    os.symlink("../../../../opt/file", layer / "opt/up")
    with support.started(store=store.layers, **kind) as boxd:
        assert shell(boxd, (1001, BASE), "cat /absolute /opt/up") == "inside" * 2


# --- the store -------------------------------------------------------------------------------------------------------------


def test_missing_layer_is_named(store, kind):
    with support.started(store=store.layers, **kind) as boxd:
        assert "'1234'" in refusal(boxd, (1234, BASE)) and "package store" in refusal(boxd, (1234, BASE))
        assert shell(boxd, (BASE,), "echo alive") == "alive\n"


def test_store_layer_without_a_store_is_refused():
    with support.started() as boxd:
        assert "package store" in refusal(boxd, (STORE_FIRST,))


@pytest.mark.parametrize("target", ["1000", "/etc", "../../../../etc"])
def test_link_is_no_layer(store, kind, target):
    os.symlink(target, store.layers + "/1001")
    with support.started(store=store.layers, **kind) as boxd:
        assert "'1001'" in refusal(boxd, (1001, BASE))


def test_file_is_no_layer(store, kind):
    pathlib.Path(store.layers, "1001").write_text("x")
    with support.started(store=store.layers, **kind) as boxd:
        assert "'1001'" in refusal(boxd, (1001, BASE))


def test_layer_that_comes_later_is_there_at_once(store, kind):
    with support.started(store=store.layers, **kind) as boxd:
        assert "'1001'" in refusal(boxd, (1001, BASE))
        os.rename(store.layer(1002, {"etc/new": "come"}), store.layers + "/1001")
        assert shell(boxd, (1001, BASE), "cat /etc/new") == "come"


def test_layers_below_the_first_of_the_store_are_the_catalogue_s(store):
    store.layer(7, {"etc/file": "x"})
    with support.started(store=store.layers) as boxd:
        assert "layer 7 is not in the catalogue" in refusal(boxd, (7, BASE))


# --- stages ----------------------------------------------------------------------------------------------------------------


def owner_of(kind):
    return {None: ID_BASE + 1, 100: ID_BASE + 1, 0: NOBODY}[kind.get("user_ids")]


def staged(store, kind):
    stage = store.stage(owner_of(kind))
    return stage, support.started(store=store.layers, stage=str(stage), boxes=1, **kind)


def test_what_is_written_lands_on_the_stage(store, kind):
    stage, started = staged(store, kind)
    with started as boxd:
        script = "mkdir -p /srv/d && echo text >/srv/d/file && ln -s file /srv/d/link && mv /srv/d/file /srv/d/moved"
        shell(boxd, (BASE,), script)
    made = stage / "root/srv/d"
    assert sorted(os.listdir(made)) == ["link", "moved"] and os.readlink(made / "link") == "file"
    assert (made / "moved").read_text() == "text\n"
    assert {made.stat().st_uid, (made / "moved").stat().st_uid} == {owner_of(kind)}


def test_layers_below_a_stage_stay_as_they_are(store, kind):
    layer = store.layer(1001, {"data/gone": "x", "data/changed": "x", "data/deep/x": ""})
    for path in (layer / "data", *layer.glob("data/**/*")):
        os.chown(path, owner_of(kind), owner_of(kind))
    stage, started = staged(store, kind)
    with started as boxd:
        out = shell(boxd, (1001, BASE), "rm /data/gone; echo y >/data/changed; rm -r /data/deep; mkdir /data/deep; ls /data")
        assert out.split() == ["changed", "deep"]
    assert sorted(os.listdir(layer / "data")) == ["changed", "deep", "gone"]
    assert (layer / "data/changed").read_text() == "x"
    found = (stage / "root/data/gone").stat()
    assert stat.S_ISCHR(found.st_mode) and found.st_rdev == 0
    assert os.getxattr(stage / "root/data/deep", "user.overlay.opaque") == b"y"


def test_next_box_goes_on_where_the_last_one_was(store, kind):
    stage, started = staged(store, kind)
    with started as boxd:
        shell(boxd, (BASE,), "echo one >/file")
        shutil.rmtree(stage / "work/work/incompat")
        assert shell(boxd, (BASE,), "cat /file") == "one\n"


def test_stage_itself_cannot_be_seen(store, kind):
    _, started = staged(store, kind)
    with started as boxd:
        mounts = shell(boxd, (BASE,), "cat /proc/self/mountinfo; ls /stage 2>&1 || true")
        roots = [line.split()[4] for line in mounts.splitlines() if " - " in line]
        assert "/stage" not in roots and "cannot access '/stage'" in mounts


def test_root_of_a_stage_has_no_setuid_and_no_devices(store, kind):
    _, started = staged(store, kind)
    with started as boxd:
        mounts = shell(boxd, (BASE,), "cat /proc/self/mountinfo")
    flags = [set(line.split()[5].split(",")) for line in mounts.splitlines() if line.split()[4] == "/"]
    assert len(flags) == 1 and {"rw", "nosuid", "nodev"} <= flags[0]


@pytest.mark.parametrize("two_ids", ["root", "user"])  # else all belongs to the one id
def test_program_of_a_stage_cannot_write_to_what_is_not_its_own(store, two_ids):
    stage, started = staged(store, KINDS[two_ids])
    with started as boxd:
        out = run(boxd, (BASE,), "(echo x >/usr/bin/sh; echo x >/etc/new; rm -f /usr/bin/sh; echo x >/dev/new) 2>&1")[1]
    assert out.count(b"Permission denied") == 4 and os.listdir(stage / "root") == []


def test_host_layers_can_be_below_a_stage(store, kind):
    stage, started = staged(store, kind)
    with started as boxd:
        script = "mkdir /new && echo text >/new/file && echo x >/usr/new || echo refused"
        out = boxd.run(["/bin/sh", "-c", script], layers=(SKELETON, support.USR))[1]
    assert out == b"refused\n" and (stage / "root/new/file").read_text() == "text\n"


def test_two_boxes_on_one_stage_are_refused(store):
    stage = store.stage(owner_of({}))
    boxd = support.Boxd(*support.programs(), boxes=2, store=store.layers, stage=str(stage), log_level=5)
    assert boxd.recv() is None
    assert boxd.close() == 1


def test_server_cannot_ask_for_a_stage(store):
    """No field of CREATE or START has a word for it: with each unknown flag the root stays as it is."""
    with support.started(store=store.layers) as boxd:
        for flag in (1 << 1, support.FLAG_STAGE, 1 << 31):
            ended = boxd.run(["/bin/sh", "-c", "echo x >/file"], layers=(GUEST, BASE), start_flags=flag)[0]
            assert os.waitstatus_to_exitcode(ended["status"]) == 2
