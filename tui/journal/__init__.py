"""The journal: every conversation, kept while it is being written. Knows SQLite, not the network, not the screen.

Start at store.py, which reads; schema.sql is the shape; records.py is what can be written, and writer.py the one thread
that writes it (apply.py says what each record does). connect.py opens the file, trouble.py names what can go wrong with
it, owner.py knows whose an unfinished reply is, export.py takes conversations elsewhere.
"""
