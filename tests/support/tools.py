# SPDX-License-Identifier: Apache-2.0
"""Programs of others that tests use: installed, or unpacked by `tools/deps test` into the build tree."""
import os
import pathlib
import shutil

from support.server import BUILD, ROOT, cannot

_PACKAGES = {"promtool": "prometheus", "nginx": "nginx", "docker-registry": "docker-registry", "skopeo": "skopeo"}


def tool(name):
    """Its path; without it the test is skipped, or fails with MUST_WORK=1."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    folders = [pathlib.Path(build, "tools", _PACKAGES[name], "usr", kind)
               for build in (BUILD, ROOT / "build") for kind in ("bin", "sbin")]
    unpacked = [str(folder / name) for folder in folders if (folder / name).is_file()]
    if not found and not unpacked:
        cannot(f"{name} is not here: tools/deps test unpacks it from Debian's package {_PACKAGES[name]}")
    return found or unpacked[0]
