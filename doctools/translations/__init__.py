"""The Chinese edition: the English pages, their paragraphs replaced from catalogues."""
