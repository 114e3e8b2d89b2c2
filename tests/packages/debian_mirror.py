# SPDX-License-Identifier: Apache-2.0
"""A mirror of Debian made on the spot: some .debs, an index of them, and a key that signs it."""
import gzip
import hashlib
import shutil
import subprocess
import time
from pathlib import Path


class Mirror:
    """`root` is what a mirror's address names; `keyring` is what it is signed by."""

    def __init__(self, root, debs, suite="bookworm"):
        self.root, self.suite = Path(root), suite
        self.pool = self.root / "pool"
        self.pool.mkdir(parents=True)
        self.keyring = self.root / "keyring.gpg"
        self.home = self.root / "gnupg"
        self.home.mkdir(mode=0o700)
        for deb in debs:
            shutil.copy(deb, self.pool / Path(deb).name.replace("%3a", "_"))
        self.gpg("--quick-generate-key", "--passphrase", "", "mirror@localhost", "ed25519", "sign", "never")
        self.keyring.write_bytes(self.gpg("--export"))
        self.write_index()

    def gpg(self, *words):
        return subprocess.run(["gpg", "--homedir", str(self.home), "--batch", "--pinentry-mode", "loopback", *words],
                              check=True, capture_output=True).stdout

    def stanza(self, deb):
        fields = subprocess.run(["dpkg-deb", "-f", str(deb)], check=True, capture_output=True, text=True).stdout
        data = deb.read_bytes()
        return (f"{fields.strip()}\nFilename: pool/{deb.name}\nSize: {len(data)}\n"
                f"SHA256: {hashlib.sha256(data).hexdigest()}\n\n")

    def write_index(self, signed=True):
        folder = self.root / "dists" / self.suite / "main" / "binary-amd64"
        folder.mkdir(parents=True, exist_ok=True)
        packages = "".join(self.stanza(deb) for deb in sorted(self.pool.glob("*.deb"))).encode()
        (folder / "Packages").write_bytes(packages)
        (folder / "Packages.gz").write_bytes(gzip.compress(packages))
        lines = [f" {hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_size} main/binary-amd64/{path.name}"
                 for path in (folder / "Packages", folder / "Packages.gz")]
        date = time.strftime("%a, %d %b %Y %H:%M:%S UTC", time.gmtime())
        release = self.root / "dists" / self.suite / "Release"
        release.write_text(f"Origin: Debian\nSuite: {self.suite}\nCodename: {self.suite}\nDate: {date}\n"
                           "Architectures: amd64\nComponents: main\nSHA256:\n" + "\n".join(lines) + "\n")
        inrelease = release.with_name("InRelease")
        inrelease.unlink(missing_ok=True)
        if signed:
            self.gpg("--clearsign", "--output", str(inrelease), str(release))
