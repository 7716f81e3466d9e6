"""Who can be asked: models, prices, what a provider can do, and its key.

Knows the catalog, the configuration and the keys file; neither the network nor the screen. Start at resolve.py, which
makes the Provider that an engine is given; catalog.toml has the rows; keys.py finds a key.
"""
