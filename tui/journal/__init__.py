"""The journal: every conversation, kept while it is being written. Knows SQLite, not the network, not the screen."""
