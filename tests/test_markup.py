"""HTML of tables: what comes from elsewhere stays text."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from minicnn.markup import shown, table


class Cells(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text.append(data)


@given(st.text(min_size=1))
def test_no_text_becomes_a_tag_or_ends_an_attribute(text):
    parsed = Cells(f'<p title="{shown(text)}">{shown(text)}</p>')
    assert parsed.tags == ["p"]
    kept = "".join(parsed.text)
    assert [a for a, b in zip(text, kept, strict=True) if a != b and b != "\ufffd"] in ([], ["\r"] * text.count("\r"))


def test_a_table_has_a_head_a_row_for_each_record_and_a_foot():
    text = table(("layer", "parameters"), [("<b>", 156), ("conv2", "2,416")], (False, True), "of & lenet", ("total", "2,572"))
    parsed = Cells(text)
    assert parsed.text == ["of & lenet", "layer", "parameters", "<b>", "156", "conv2", "2,416", "total", "2,572"]
    assert [parsed.tags.count(tag) for tag in ("caption", "thead", "tbody", "tfoot", "tr", "th", "td")] == [1, 1, 1, 1, 4, 5, 3]
    assert text.count("text-align:right") == 4
