"""Documentation of a model: a web page and Markdown, from what its file says.

model -> book (entries, who uses whom) -> counts -> page, markdown
"""

from sdsim.documents.book import Book, Entry, book_of
from sdsim.documents.counts import Count, counts_of
from sdsim.documents.markdown import markdown
from sdsim.documents.page import page

__all__ = ["Book", "Count", "Entry", "book_of", "counts_of", "markdown", "page"]
