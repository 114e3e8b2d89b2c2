# SPDX-License-Identifier: Apache-2.0
"""Archives of friends and enemies: belljar-unpack reads them (here outside a box), tree_writer puts them into a directory."""
import gzip
import io
import os
import pathlib
import stat
import struct
import subprocess
import tarfile
import zipfile
import zlib

import pytest

from support.server import BUILD

INVALID, LIMIT = 1, 3  # base/err.h
MB = 1 << 20


class Unpacked:
    """What came of one archive: `code` and `said` of the tool, `kind` and `why` of the writer, the tree."""

    def __init__(self, folder, data, *flags, prefix="", strip=0, max_bytes=64 * MB, names=200000, whiteouts=0):
        self.tree = folder / "in"
        self.tree.mkdir(exist_ok=True)
        (folder / "archive").write_bytes(data)
        with open(folder / "archive", "rb") as archive, open(folder / "said", "w+b") as said:
            with subprocess.Popen([BUILD / "belljar-unpack", *flags], stdin=archive, stdout=subprocess.PIPE, stderr=said) as tool:
                writer = subprocess.run([BUILD / "tests/unit/packages/tree_from", self.tree, prefix, str(strip), str(max_bytes),
                                         str(names), str(whiteouts)], stdin=tool.stdout, stderr=subprocess.PIPE, check=False)
                tool.stdout.close()
                self.code = tool.wait()
        self.said = (folder / "said").read_text()
        self.kind, self.why = writer.returncode, writer.stderr.decode(errors="replace")

    def files(self):
        return sorted(str(path.relative_to(self.tree)) for path in self.tree.rglob("*"))


@pytest.fixture
def unpack(tmp_path):
    (tmp_path / "secret").write_text("secret")

    def go(data, *flags, **options):
        made = Unpacked(tmp_path, data, *flags, **options)
        assert sorted(os.listdir(tmp_path)) == ["archive", "in", "said", "secret"], "something was made outside"
        assert (tmp_path / "secret").read_text() == "secret"
        assert (tmp_path / "secret").stat().st_nlink == 1
        return made
    return go


def tar(*entries, mode="w", form=tarfile.PAX_FORMAT):
    """Entries: (name, content), or (name, type, target)."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode, format=form) as made:
        for name, what, *target in entries:
            info = tarfile.TarInfo(name)
            info.mode = 0o755
            content = b""
            if isinstance(what, bytes) and not target and what not in (tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
                content, info.size = what, len(what)
            else:
                info.type, info.linkname = what, target[0] if target else ""
            made.addfile(info, io.BytesIO(content))
    return data.getvalue()


def refused(made, *words):
    """The tool or the writer said no, in one line, with these words."""
    assert (made.code, made.kind) != (0, 0)
    text = made.said if made.code > 0 else made.why
    assert text.count("\n") == 1 and all(word in text for word in words), text


PLAIN = [("d", tarfile.DIRTYPE), ("d/f", b"content"), ("d/l", tarfile.SYMTYPE, "/etc/x"), ("d/h", tarfile.LNKTYPE, "d/f")]


def is_plain(made):
    assert (made.code, made.said, made.kind, made.why) == (0, "", 0, "")
    assert made.files() == ["d", "d/f", "d/h", "d/l"]
    assert (made.tree / "d/f").read_bytes() == b"content"
    assert (made.tree / "d/h").stat().st_ino == (made.tree / "d/f").stat().st_ino
    assert os.readlink(made.tree / "d/l") == "/etc/x"


# --- kinds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_is_unpacked(unpack, mode, form):
    is_plain(unpack(tar(*PLAIN, mode=mode, form=form)))


def test_a_tar_with_zstd_is_unpacked(unpack):
    packed = subprocess.run(["zstd", "-q", "-c"], input=tar(*PLAIN), stdout=subprocess.PIPE, check=True).stdout
    is_plain(unpack(packed))


def test_a_tar_as_npm_and_piston_make_it(unpack):
    made = unpack(tar(("./", tarfile.DIRTYPE), ("./package/a", b"1"), ("/package/b", b"2"), mode="w:gz"), strip=1, prefix="opt/x")
    assert (made.code, made.files()) == (0, ["opt", "opt/x", "opt/x/a", "opt/x/b"])


def test_a_zip_is_unpacked(unpack):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a/b", b"x" * 100000)
        link = zipfile.ZipInfo("l")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, "a/b")
    made = unpack(data.getvalue())
    assert (made.code, made.kind, made.files()) == (0, 0, ["a", "a/b", "l"])
    assert (made.tree / "a/b").read_bytes() == b"x" * 100000
    assert os.readlink(made.tree / "l") == "a/b"


def ar(*members):
    out = b"!<arch>\n"
    for name, data in members:
        out += b"%-16s%-12d%-6d%-6d%-8o%-10d`\n" % (name.encode(), 0, 0, 0, 0o100644, len(data)) + data + b"\n" * (len(data) % 2)
    return out


@pytest.mark.parametrize("name, mode", [("data.tar", "w"), ("data.tar.gz", "w:gz"), ("data.tar.xz", "w:xz")])
def test_a_debian_package_is_unpacked(unpack, name, mode):
    deb = ar(("debian-binary", b"2.0\n"), ("control.tar.gz", tar(("./control", b"Package: x\n"), mode="w:gz")), (name, tar(*PLAIN, mode=mode)))
    is_plain(unpack(deb))


def test_the_control_files_of_a_debian_package_are_had_on_request(unpack):
    deb = ar(("debian-binary", b"2.0\n"), ("control.tar.gz", tar(("./control", b"Package: x\n"), mode="w:gz")), ("data.tar", tar(*PLAIN)))
    assert unpack(deb, "--control").files() == ["control"]


def test_a_debian_package_without_files_is_refused(unpack):
    refused(unpack(ar(("debian-binary", b"2.0\n"))), "data.tar")


def test_a_real_debian_package_is_unpacked_as_dpkg_does(unpack, tmp_path_factory):
    folder = tmp_path_factory.mktemp("deb")
    root = folder / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text("Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n")
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/x").write_text("#!/bin/sh\n")
    (root / "usr/bin/x").chmod(0o755)
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", root, folder / "x.deb"], check=True, stdout=subprocess.DEVNULL)
    made = unpack((folder / "x.deb").read_bytes())
    assert (made.code, made.kind, made.files()) == (0, 0, ["usr", "usr/bin", "usr/bin/x"])
    assert stat.S_IMODE((made.tree / "usr/bin/x").stat().st_mode) == 0o755


def test_a_sparse_file_is_whole(unpack, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sparse")
    with open(folder / "f", "wb") as file:
        file.seek(5 * MB)
        file.write(b"middle")
        file.truncate(9 * MB)
    data = subprocess.run(["tar", "-C", folder, "-S", "-c", "f"], stdout=subprocess.PIPE, check=True).stdout
    assert len(data) < MB
    made = unpack(data)
    assert made.code == 0 and (made.tree / "f").read_bytes() == (folder / "f").read_bytes()


def test_a_hundred_thousand_entries(unpack):
    made = unpack(tar(*((f"d{i % 100}/f{i}", b"") for i in range(100000)), form=tarfile.USTAR_FORMAT))
    assert (made.code, made.kind) == (0, 0)
    assert sum(len(files) for _, _, files in os.walk(made.tree)) == 100000


# --- ways out ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../secret", "a/../../secret", "..", "a/..", "./../secret", "/../secret"])
@pytest.mark.parametrize("what", [(b"evil",), (tarfile.DIRTYPE,), (tarfile.SYMTYPE, "x")])
def test_a_name_that_leads_out_is_refused(unpack, name, what):
    refused(unpack(tar((name, *what))), "leads out of the archive")


def test_an_absolute_name_is_below_the_tree(unpack):
    made = unpack(tar(("/etc/belljar-test-x", b"x"), ("//etc/y", b"y")))
    assert made.files() == ["etc", "etc/belljar-test-x", "etc/y"]
    assert not os.path.exists("/etc/belljar-test-x")


@pytest.mark.parametrize("target", ["..", "/", ".", "../in", "/tmp"])
def test_nothing_is_written_through_a_link(unpack, target):
    refused(unpack(tar(("l", tarfile.SYMTYPE, target), ("l/secret", b"evil"))), "leads through a link")
    refused(unpack(tar(("l", tarfile.SYMTYPE, target), ("l/x", tarfile.DIRTYPE))), "leads through a link")


def test_a_file_over_a_link_replaces_the_link(unpack):
    made = unpack(tar(("l", tarfile.SYMTYPE, "../secret"), ("l", b"mine")))
    assert made.code == 0 and not (made.tree / "l").is_symlink() and (made.tree / "l").read_bytes() == b"mine"


@pytest.mark.parametrize("target", ["../secret", "/etc/passwd", "nothing", "d"])
def test_a_hard_link_out_is_refused(unpack, target):
    refused(unpack(tar(("d", tarfile.DIRTYPE), ("h", tarfile.LNKTYPE, target))))


def test_a_hard_link_through_a_link_is_refused(unpack):
    refused(unpack(tar(("l", tarfile.SYMTYPE, ".."), ("h", tarfile.LNKTYPE, "l/secret"))), "hard link")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_and_fifos_are_refused_or_left_out(unpack, kind):
    data = tar(("dev/x", kind), ("f", b"1"))
    refused(unpack(data), "neither a file")
    made = unpack(data, "--skip-special")
    assert (made.code, made.files()) == (0, ["f"])


def test_setuid_bits_are_left_out(unpack):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as made:
        info = tarfile.TarInfo("su")
        info.mode = 0o6755
        made.addfile(info)
    assert stat.S_IMODE((unpack(data.getvalue()).tree / "su").stat().st_mode) == 0o755


def test_names_with_odd_bytes_are_kept(unpack):
    made = unpack(tar(("new\nline", b"1"), ("tab\tand \u00e9", b"2")))
    assert (made.code, made.kind, made.files()) == (0, 0, ["new\nline", "tab\tand \u00e9"])


def test_an_error_is_one_line_whatever_the_name(unpack):
    refused(unpack(tar(("a\nb\x1b[31m/../..", b""))), "?")


def test_the_last_of_a_name_counts(unpack):
    made = unpack(tar(("a", b"1"), ("a", b"22"), ("a", b"333")))
    assert (made.code, (made.tree / "a").read_bytes()) == (0, b"333")


# --- bombs ------------------------------------------------------------------------------------------------------------


def test_a_gzip_bomb_ends_at_the_limit(unpack):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    info = tarfile.TarInfo("bomb")
    info.size = 2048 * MB
    data = packer.compress(info.tobuf()) + b"".join(packer.compress(bytes(MB)) for _ in range(64)) + packer.flush()
    made = unpack(data, max_bytes=10 * MB)
    assert made.kind == LIMIT and "bytes" in made.why and made.files() == []


def test_many_files_end_at_the_limit(unpack):
    made = unpack(tar(*((f"f{i}", bytes(MB)) for i in range(20))), max_bytes=10 * MB)
    assert made.kind == LIMIT and "bytes" in made.why
    assert sum(path.stat().st_size for path in made.tree.iterdir()) <= 10 * MB


def test_names_end_at_the_limit(unpack):
    made = unpack(tar(*((f"f{i}", b"") for i in range(2000))), names=1000)
    assert made.kind == LIMIT and len(made.files()) == 1000


def test_directories_that_names_imply_end_at_the_limit(unpack):
    made = unpack(tar(*((f"{i}/a/b/c/d/e/f", b"") for i in range(300))), names=1000)
    assert made.kind == LIMIT and len(made.files()) <= 1000


def test_a_sparse_bomb_ends_at_the_limit(unpack, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sparse")
    with open(folder / "f", "wb") as file:
        file.truncate(1 << 40)
    data = subprocess.run(["tar", "-C", folder, "-S", "-c", "f"], stdout=subprocess.PIPE, check=True).stdout
    made = unpack(data)
    assert made.kind == LIMIT and made.files() == []


def test_a_zip_that_lies_about_lengths_is_refused(unpack):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("bomb", bytes(20 * MB))
    lie = bytearray(data.getvalue())
    for at in (22, lie.index(b"PK\1\2") + 24):  # its length in the local and the central head
        lie[at:at + 4] = struct.pack("<I", 10)
    made = unpack(bytes(lie), max_bytes=MB)
    assert made.code != 0
    assert sum(path.stat().st_size for path in made.tree.iterdir()) <= MB


def test_a_path_without_end_is_refused(unpack):
    refused(unpack(tar(("d/" * 3000 + "f", b""))), "a name of more than")
    refused(unpack(tar(("n" * 300, b""))), "a name of more than")
    refused(unpack(tar(("d/" * 1000 + "f", b""))), "deep")


# --- broken ones ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"x", b"no archive at all\n" * 100, gzip.compress(b"no archive"), b"\x1f\x8b", b"PK\3\4", b"!<arch>\n"])
def test_what_is_no_archive_is_refused(unpack, data):
    refused(unpack(data))


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_packed_tar_that_was_cut_is_refused_at_any_place(unpack, mode):
    data = tar(("a", os.urandom(3000)), ("b", b"x" * 3000), mode=mode)
    for cut in [*range(0, 60), *range(60, len(data) - 1, 97)]:
        made = unpack(data[:cut])
        assert made.code != 0, f"cut at {cut} of {len(data)}"


def test_a_tar_that_was_cut_in_an_entry_is_refused(unpack):
    data = tar(("a", b"x" * 3000), form=tarfile.USTAR_FORMAT)
    for cut in [1, 100, 511, 513, 1000, 3000, 3511]:
        assert unpack(data[:cut]).code != 0, f"cut at {cut}"


def test_a_debian_package_that_was_cut_is_refused(unpack):
    deb = ar(("debian-binary", b"2.0\n"), ("data.tar.xz", tar(("f", os.urandom(2000)), mode="w:xz")))
    for cut in range(0, len(deb) - 1, 61):
        assert unpack(deb[:cut]).code != 0, f"cut at {cut}"


def test_bytes_that_were_changed_are_refused_or_harmless(unpack):
    good = bytearray(tar(*PLAIN, form=tarfile.GNU_FORMAT))
    for at in range(0, 2048, 13):
        data = bytearray(good)
        data[at] ^= 0xff
        unpack(bytes(data))


# --- layers of images -------------------------------------------------------------------------------------------------


def test_whiteouts_become_those_of_overlayfs(unpack):
    made = unpack(tar(("d/.wh.gone", b""), ("e/.wh..wh..opq", b""), ("e/new", b"1")), whiteouts=1)
    assert (made.code, made.kind, made.files()) == (0, 0, ["d", "d/gone", "e", "e/new"])
    found = (made.tree / "d/gone").lstat()
    assert stat.S_ISCHR(found.st_mode) and found.st_rdev == 0
    assert "y" in {os.getxattr(made.tree / "e", name).decode() for name in os.listxattr(made.tree / "e")}


def test_a_whiteout_cannot_lead_out(unpack):
    refused(unpack(tar(("d/.wh...", b"")), whiteouts=1), "path")
    assert pathlib.Path("/").exists()
