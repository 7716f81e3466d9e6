"""The use cases, engine and journal together: the same for the screen, `ask` and a browser.

Knows no widget and no socket. Start at send.py; view.py is the pure fold Event -> ReplyView.
"""
