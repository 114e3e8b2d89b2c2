# SPDX-License-Identifier: Apache-2.0
from support import elsewhere_docs


def test_page_of_what_no_recipe_installs_is_up_to_date():
    assert elsewhere_docs.page() == elsewhere_docs.PAGE.read_text(), "run: make docs"
