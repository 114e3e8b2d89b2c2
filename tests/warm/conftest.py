# SPDX-License-Identifier: Apache-2.0
"""What is prepared for compilers takes a minute to make, and is made once for all of these tests."""
import pytest

from support.prepared import prepare


@pytest.fixture(scope="session", name="prepared")
def fixture_prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    folder.chmod(0o755)
    prepare(folder, ("c++-", "go-"))
    return folder
