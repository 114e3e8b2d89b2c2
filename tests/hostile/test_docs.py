# SPDX-License-Identifier: Apache-2.0
"""The threat table of docs/security.md: every row is proven, and says by what."""
from support import security_docs


def test_every_threat_has_a_proof():
    known = security_docs.proofs()
    bare = [one for one, _, _ in security_docs.threats() if one not in known and one not in security_docs.NOT_DEFENDED]
    assert not bare


def test_every_proof_is_of_a_listed_threat():
    listed = {one for one, _, _ in security_docs.threats()}
    assert set(security_docs.proofs()) <= listed


def test_the_page_is_up_to_date():
    text = security_docs.PAGE.read_text()
    assert security_docs.filled(text) == text, "run: make docs"
