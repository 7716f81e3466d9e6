"""The real weights, for the test that talks to the embedded model."""

from fixtures_local import installed_weights

__all__ = ["installed_weights"]
