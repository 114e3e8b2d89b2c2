# SPDX-License-Identifier: Apache-2.0
"""Debian packages that were made to do harm, from a mirror whose signature is right.  Needs root and, for the base, a mirror."""
import io
import os
import stat
import tarfile

import pytest
from debian_mirror import Mirror
from test_install_faults import config_of, install, is_installed, leftovers, probe_deb, space, store  # noqa: F401  pylint: disable=unused-import

HELLO = "Hello, World!\n"


def member(name, data=b"", kind=tarfile.REGTYPE, mode=0o644, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.size, info.linkname = kind, mode, len(data), link
    return info, data


def tar(*members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.GNU_FORMAT) as made:
        for info, data in members:
            made.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def by_hand(deb, *members):
    """The files of a package as dpkg-deb would never write them."""
    control = deb.read_bytes()[8:]
    size = int(control[60 + 4:][48:58])  # behind debian-binary: control.tar
    kept = control[:60 + 4 + 60 + size + size % 2]
    folders = [member(name, kind=tarfile.DIRTYPE, mode=0o755) for name in ("./", "./usr/", "./usr/share/", "./usr/share/probe/")]
    data = tar(*folders, member("./usr/share/probe/text", HELLO.encode()), *members)
    head = b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (b"data.tar.gz", 0, 0, 0, b"100644", len(data))
    deb.write_bytes(b"!<arch>\n" + kept + head + data + b"\n" * (len(data) % 2))
    return deb


def attempt(store, space, *members, postinst=None, cut=0):
    (space / "build").mkdir()
    deb = probe_deb(space / "build", postinst)
    if members:
        by_hand(deb, *members)
    if cut:
        deb.write_bytes(deb.read_bytes()[:-cut])
    mirror = Mirror(space / "mirror", [deb])
    return install(store, "probe/1", config=config_of(space, f"file:{mirror.root}", mirror))


def nothing_came(store, status, output):
    assert status == 1 and not is_installed(store) and leftovers(store) == [], output


def modes(store):
    return {path: os.lstat(path).st_mode for path in (store / "layers").glob("*/**/*")}


def test_control_a_package_made_by_hand_is_installed(store, space):
    status, output = attempt(store, space, member("./usr/share/probe/more", b"x"))
    assert status == 0 and is_installed(store), output


def test_a_package_that_was_cut_before_it_was_signed_is_refused(store, space):
    nothing_came(store, *attempt(store, space, member("./usr/share/probe/more", os.urandom(5000)), cut=2000))


@pytest.mark.parametrize("name", ["./../../../../../../../escaped", "../escaped", "./usr/share/probe/../../../../../../escaped"])
def test_a_name_that_leads_out_leads_nowhere(store, space, name):
    attempt(store, space, member(name, b"x"))
    assert leftovers(store) == []
    outside = [path for path in store.rglob("escaped") if path.parent.parent.parent != store]
    assert outside == [] and not os.path.exists("/escaped")


def test_a_path_through_a_link_leads_nowhere(store, space):
    link = member("./usr/share/probe/out", kind=tarfile.SYMTYPE, link=str(space))
    attempt(store, space, link, member("./usr/share/probe/out/escaped", b"x"))
    assert leftovers(store) == [] and not (space / "escaped").exists()


def test_a_device_is_not_made(store, space):
    null = member("./usr/share/probe/null", kind=tarfile.CHRTYPE)
    null[0].devmajor, null[0].devminor = 1, 3
    status, output = attempt(store, space, null)
    assert leftovers(store) == [], output
    assert not [path for path, mode in modes(store).items() if stat.S_ISBLK(mode) or stat.S_ISCHR(mode) and os.lstat(path).st_rdev]
    assert status == 1 or is_installed(store)


def test_a_fifo_is_refused(store, space):
    status, output = attempt(store, space, member("./usr/share/probe/fifo", kind=tarfile.FIFOTYPE))
    nothing_came(store, status, output)
    assert "fifo" in output, output


def test_setuid_bits_of_files_and_of_scripts_are_lost(store, space):
    script = "#!/bin/sh\ncp /bin/sh /usr/share/probe/sh\nchmod 6755 /usr/share/probe/sh\nchmod 1777 /usr/share/probe\n"
    status, output = attempt(store, space, postinst=script)
    assert status == 0, output
    assert [path for path in modes(store) if path.name == "sh" and path.parent.name == "probe"]
    assert not [path for path, mode in modes(store).items() if not stat.S_ISLNK(mode) and mode & 0o7022]


def test_a_script_that_reaches_for_the_host_finds_nothing(store, space):
    """What it can read, write, start and kill is the stage's own."""
    script = f"""#!/bin/sh
for place in {space} {store} /root/.ssh /etc/ssh /var/lib/belljar; do
    [ ! -e $place ] || echo "sees $place" >>/usr/share/probe/said
    (echo x >$place/escaped) 2>/dev/null && echo "writes to $place" >>/usr/share/probe/said
done
(mount -t tmpfs none /mnt || mknod /usr/share/probe/null c 1 3 && [ -c /usr/share/probe/null ] && echo x >/usr/share/probe/null) 2>/dev/null &&
    echo "mounts or makes nodes" >>/usr/share/probe/said
kill -9 -1 2>/dev/null
exit 0
"""
    attempt(store, space, postinst=script)
    said = [path.read_text() for path in (store / "layers").glob("*/usr/share/probe/said")]
    assert said == [] and leftovers(store) == []
    assert not list(space.glob("escaped")) and not list(store.glob("escaped"))


def test_a_script_that_forks_without_end_ends(store, space):
    script = "#!/bin/sh\nf() { f | f & }\nf\nsleep 1\nexit 3\n"
    nothing_came(store, *attempt(store, space, postinst=script))
