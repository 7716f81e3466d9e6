"""unbroken: LLM chat in the terminal whose answers survive the network.

Rooms, top to bottom; imports only go down (tests/test_import_rule.py):

    cli/                        a file per command, loaded by name
    screen/                     all of Textual: app, panes, dialogs, the terminal driver
    chat/                       the use cases: send, follow, and the fold Event -> ReplyView
    monitor/ journal/ local/    probes and statistics · SQLite · the embedded model's server
    engine/ providers/          one reply, from request to last byte · models, prices, keys
    net.py                      every HTTP request of the program; the only importer of httpx
    config.py, paths.py         one typed configuration · where files live
    words.py plain.py say.py clock.py   shared types · outside text made safe · translation · time
"""

__version__ = "0.1.0"
