# SPDX-License-Identifier: Apache-2.0
"""Packages of Piston's as its own tools make them, and an index of them."""
import hashlib
import io
import json
import subprocess
import tarfile

# A stand-in that runs what it is given with the shell.
PYTHON = {
    "environment": "export PATH=$PWD/bin:$PATH\nexport PYTHON_OF=$PWD\n",
    "run": '#!/usr/bin/env bash\npython3.x "$@"\n',
    "bin/python3.x": '#!/bin/bash\n[ "$1" = --version ] && echo Python {version} && exit\nexec /bin/bash "$@"\n',
}
# The same from Debian's own packages, with nothing of it in the box otherwise.
REAL = {
    "environment": "export PATH=$PWD/usr/bin:$PATH PYTHONHOME=$PWD/usr LD_LIBRARY_PATH=$PWD/usr/lib/x86_64-linux-gnu:$PWD/lib/x86_64-linux-gnu\n",
    "run": '#!/usr/bin/env bash\npython3.11 "$@"\n',
}
REAL_DEBS = ("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "libexpat1")
# A compiler that goes by extensions, as Piston's do: each name that came gets one.
COMPILED = {
    "environment": "",
    "compile": "#!/usr/bin/env bash\nrename 's/$/\\.x/' \"$@\"\ncat *.x >out.txt\necho \"$# files\" >count\n",
    "run": '#!/usr/bin/env bash\nfile="$1"\nshift\necho "$PISTON_LANGUAGE: $(cat count): $file: $*"\ncat out.txt\n',
}


def info(language, version, **more):
    return json.dumps({"language": language, "version": version, "build_platform": "docker-debian", **more})


class Index:
    """A folder with packages and the index of them."""

    def __init__(self, folder):
        self.folder, self.lines, self.base = folder, [""], f"file://{folder}"
        self.file = folder / "index"

    def add_tree(self, name, version, tree, files, **more):
        """As Piston's `make` does: the whole folder."""
        for path, text in {"pkg-info.json": info(name, version, **more), **files}.items():
            (tree / path).write_text(text)
        archive = self.folder / "made.tar.gz"
        subprocess.run(["tar", "czf", archive, "-C", tree, "."], check=True)
        self.add(name, version, archive=archive.read_bytes())

    def add(self, name, version, files=None, archive=None, digest=None, mode=0o755, line_version=None, **more):
        target = self.folder / f"{name}-{version}.pkg.tar.gz"
        if archive is None:
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
                root = tarfile.TarInfo("./")
                root.type, root.mode = tarfile.DIRTYPE, mode
                tar.addfile(root)
                for path, text in {"pkg-info.json": info(name, version, **more), **files}.items():
                    data = text.replace("{version}", version).encode()
                    member = tarfile.TarInfo(f"./{path}")
                    member.size, member.mode = len(data), 0o755 if path.startswith("bin/") else 0o644
                    tar.addfile(member, io.BytesIO(data))
            archive = buffer.getvalue()
        target.write_bytes(archive)
        digest = digest or hashlib.sha256(archive).hexdigest()
        self.lines.append(f"{name},{line_version or version},{digest},{self.base}/{target.name}")
        self.write()

    def write(self):
        self.file.write_text("\n".join(self.lines) + "\n")
