"""One reply, from request to last byte, whatever the network does."""
