# SPDX-License-Identifier: MIT
"""What a fact says, from tests/conformance/FACTS.md."""

import re

# A row of a table or an item of a list that begins with an ID, bold or code or plain.
_FACT = re.compile(r'^(?:\|\s*|[-*]\s+)[*`]*([A-Z]+-\d+)[*`]*\s*(?:\||:|\s)\s*(.+?)\s*\|?\s*$')


def parse(text):
    """Fact -> sentence."""
    sentences = {}
    for line in text.splitlines():
        found = _FACT.match(line)
        if found:
            cells = found.group(2).split(' | ')
            sentences.setdefault(found.group(1), max(cells, key=len).strip())
    return sentences
