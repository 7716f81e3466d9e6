"""What is on screen, and all of Textual. Start at app.py; a pane is panes/x.py with its style panes/x.tcss."""
