# SPDX-License-Identifier: Apache-2.0
"""A registry of images on loopback (Debian's docker-registry) that wants a password, and skopeo's own files about it."""
import base64
import json
import socket
import subprocess
import time

from support.server import clean_environment
from support.tools import tool

CONFIG = """\
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}}}
http: {{addr: "{name}"}}
auth: {{htpasswd: {{realm: tests, path: {folder}/passwords}}}}
"""
LOGIN = "reader:not a secret"
ENTRY = "reader:$2b$04$3P5GuIlDt.lcCYnAzReDeeOC/y.duF3KhNo61pmJ2CqI6J7V.zUS.\n"  # as htpasswd -B writes it


class Registry:
    """`env` is an administrator's environment whose skopeo goes there; `with_password` the same, logged in."""

    def __init__(self, folder):
        self.server, self.skopeo = tool("docker-registry"), tool("skopeo")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.name = f"127.0.0.1:{probe.getsockname()[1]}"
        settings = folder / "home/.config/containers"
        settings.mkdir(parents=True)
        (settings / "registries.conf").write_text(f'[[registry]]\nlocation = "{self.name}"\ninsecure = true\n')
        login = base64.b64encode(LOGIN.encode()).decode()
        (folder / "auth.json").write_text(json.dumps({"auths": {self.name: {"auth": login}}}))
        (folder / "passwords").write_text(ENTRY)
        (folder / "config.yml").write_text(CONFIG.format(folder=folder, name=self.name))
        self.env = {"HOME": str(folder / "home")}
        self.with_password = {**self.env, "REGISTRY_AUTH_FILE": str(folder / "auth.json")}
        self.process = subprocess.Popen([self.server, "serve", folder / "config.yml"], env=clean_environment(),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait()

    def wait(self):
        host, port = self.name.split(":")
        for _ in range(200):
            try:
                socket.create_connection((host, int(port))).close()
                return
            except ConnectionRefusedError:
                assert self.process.poll() is None, "docker-registry ended"
                time.sleep(0.05)
        self.stop()
        raise AssertionError("docker-registry does not listen")

    def push(self, archive, name):
        """The image of a `docker save`; its reference."""
        reference = f"{self.name}/{name}"
        subprocess.run([self.skopeo, "copy", "--quiet", f"docker-archive:{archive}", f"docker://{reference}"],
                       env={**clean_environment(), **self.with_password}, check=True)
        return reference

    def stop(self):
        self.process.kill()
        self.process.wait()
