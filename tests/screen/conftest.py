"""The real weights, for the test that talks to the embedded model; questions that can be answered at once."""

import pytest
from fixtures_local import installed_weights

from tui.screen.dialogs import unasked

__all__ = ["installed_weights"]


@pytest.fixture(autouse=True)
def quick_reaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests press a key as soon as the question is there: nobody has to see it first."""
    monkeypatch.setattr(unasked, "REACTION", 0.0)
    monkeypatch.setattr(unasked, "TOGETHER", 0.01)
