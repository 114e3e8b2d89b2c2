# SPDX-License-Identifier: Apache-2.0
"""What all API tests share: the folder of this file is on the path, so that `support` can be imported."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
