"""HTML, read again by Python's own parser."""

from collections import defaultdict
from html.parser import HTMLParser


class Page(HTMLParser):
    """The attributes and the texts of a page's elements by their names, and its comments."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements, self.texts, self.comments = defaultdict(list), defaultdict(list), []
        self._in = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._in = tag
        self.elements[tag].append(dict(attrs))

    def handle_data(self, data):
        if data.strip():
            self.texts[self._in].append(data.strip())

    def handle_comment(self, data):
        self.comments.append(data)
