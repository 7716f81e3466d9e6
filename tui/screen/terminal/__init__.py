"""The terminal: what stands between Textual and the tty.

Start at display.py, which the app inherits from: it draws only what changed, and only while the terminal takes it.
driver.py owns the tty, with writer.py, the one thread that writes, and reader.py over keys.py, what arrives. cells.py,
glyphs.py and pens.py are pure: two grids and the bytes between them. environment.py is called before Textual is
imported; signals.py tells of hang-ups; crash.py ends the app after a bug without showing anybody's keys.
"""
