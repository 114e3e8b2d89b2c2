# SPDX-License-Identifier: Apache-2.0
"""OCI images made on the spot, of programs that this Debian has: as `docker save` writes them, and as OCI layouts."""
import gzip
import hashlib
import io
import json
import pathlib
import platform
import subprocess
import tarfile

MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
OTHER = "s390x"
EPOCH = 1700000000


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Layer:
    """A tar, entry by entry."""

    def __init__(self):
        self.data = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.data, mode="w", format=tarfile.PAX_FORMAT)

    def add(self, name, content=b"", mode=0o644, kind=tarfile.REGTYPE, link="", uid=0, gid=0):
        info = tarfile.TarInfo(name)
        info.mode, info.type, info.linkname, info.uid, info.gid, info.mtime = mode, kind, link, uid, gid, EPOCH
        content = content.encode() if isinstance(content, str) else content
        info.size = len(content) if kind == tarfile.REGTYPE else 0
        self.tar.addfile(info, io.BytesIO(content))
        return self

    def folder(self, name, mode=0o755, **more):
        return self.add(name, mode=mode, kind=tarfile.DIRTYPE, **more)

    def link(self, name, target):
        return self.add(name, kind=tarfile.SYMTYPE, link=target)

    def hard(self, name, target):
        return self.add(name, kind=tarfile.LNKTYPE, link=target)

    def gone(self, name):
        folder, _, last = name.rpartition("/")
        return self.add(f"{folder}/.wh.{last}" if folder else f".wh.{last}", mode=0)

    def opaque(self, folder):
        return self.add(f"{folder}/.wh..wh..opq".lstrip("/"), mode=0)

    def program(self, *names):
        """A program of this host with all libraries that it needs, at its own place."""
        for name in names:
            path = pathlib.Path(name).resolve()
            wanted = [path]
            for line in subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout.splitlines():
                found = [word for word in line.split() if word.startswith("/")]
                wanted += [pathlib.Path(found[0])] if found else []
            for file in wanted:
                self.add(str(file.parent.resolve() / file.name).lstrip("/"), file.read_bytes(), mode=0o755)
        return self

    def tree(self, path, leave_out=()):
        for file in sorted(pathlib.Path(path).rglob("*")):
            if file.is_file() and not file.is_symlink() and not any(word in file.parts for word in leave_out):
                self.add(str(file).lstrip("/"), file.read_bytes(), mode=0o755 if file.stat().st_mode & 0o100 else 0o644)
        return self

    def bytes(self):
        self.tar.close()
        return self.data.getvalue()


def shell():
    """A layer with dash, cat, env, ls and rm; /bin is a link, as Debian has it."""
    layer = Layer().folder("usr").folder("usr/bin").link("bin", "usr/bin").link("lib", "usr/lib").link("lib64", "usr/lib64")
    layer.program("/usr/bin/dash", "/usr/bin/cat", "/usr/bin/env", "/usr/bin/ls", "/usr/bin/rm")
    return layer.link("usr/bin/sh", "dash")


class Image:
    def __init__(self, *layers, config=None, architecture=MACHINE, wrong=None):
        self.layers = [layer.bytes() if isinstance(layer, Layer) else layer for layer in layers]
        self.architecture, self.own = architecture, config or {}
        self.diff_ids = ["sha256:" + sha256(layer) for layer in self.layers]
        if wrong is not None:
            self.diff_ids[wrong] = "sha256:" + "0" * 64

    def config(self):
        return json.dumps({"architecture": self.architecture, "os": "linux", "config": self.own,
                           "rootfs": {"type": "layers", "diff_ids": self.diff_ids}}).encode()


def write_tar(path, files, links=()):
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
        for name, target in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return path


def docker_save(path, *images, tags=(), change=None):
    """The old form: a folder for each layer, one that is there already as a link."""
    files, links, entries, known = {}, [], [], {}
    for number, image in enumerate(images):
        config, paths = image.config(), []
        for at, layer in enumerate(image.layers):
            folder = sha256(f"{number} {at}".encode())
            if layer in known:
                links.append((f"{folder}/layer.tar", f"../{known[layer]}/layer.tar"))
            else:
                known[layer] = folder
                files[f"{folder}/layer.tar"] = layer
            paths.append(f"{folder}/layer.tar")
        files[f"{sha256(config)}.json"] = config
        entries.append({"Config": f"{sha256(config)}.json", "RepoTags": [tags[number]] if len(tags) > number else None, "Layers": paths})
    files["manifest.json"] = json.dumps(entries).encode()
    if change:
        change(files, links)
    return write_tar(path, files, links)


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout


FORMS = {"tar": ("", lambda data: data), "gzip": ("+gzip", lambda data: gzip.compress(data, mtime=0)), "zstd": ("+zstd", zstd)}


class Layout:
    """An OCI layout: blobs, and an index of images."""

    def __init__(self):
        self.files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}
        self.manifests = []

    def blob(self, kind, data):
        self.files[f"blobs/sha256/{sha256(data)}"] = data
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": "sha256:" + sha256(data), "size": len(data)}

    def manifest(self, image, forms=()):
        layers = []
        for at, layer in enumerate(image.layers):
            ending, pack = FORMS[forms[at] if at < len(forms) else "gzip"]
            layers.append(self.blob(f"layer.v1.tar{ending}", pack(layer)))
        return self.blob("manifest.v1+json", json.dumps({"schemaVersion": 2, "config": self.blob("config.v1+json", image.config()),
                                                         "layers": layers}).encode())

    def add(self, image, name=None, forms=(), with_platform=True):
        entry = self.manifest(image, forms)
        if with_platform:
            entry["platform"] = {"architecture": image.architecture, "os": "linux"}
        if name:
            entry["annotations"] = {"org.opencontainers.image.ref.name": name}
        self.manifests.append(entry)
        return self

    def nest(self):
        """All that is there becomes an index in the index."""
        inner = json.dumps({"schemaVersion": 2, "manifests": self.manifests}).encode()
        self.manifests = [self.blob("index.v1+json", inner)]
        return self

    def finish(self):
        self.files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": self.manifests}).encode()
        return self.files

    def write(self, path):
        return write_tar(path, self.finish())

    def write_folder(self, folder):
        for name, data in self.finish().items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder
