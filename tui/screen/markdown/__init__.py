"""Markdown as rows of cells, laid out while it grows. Pure: knows text and widths, not Textual, colours or the screen.

Start at document.py (text in, rows out); blocks.py reads lines, inline.py reads what is between them, layout.py and
tables.py make rows, wrap.py breaks them, code.py colours code. A row's colours are names ("strong", "keyword"): the
pane gives them their looks.
"""
