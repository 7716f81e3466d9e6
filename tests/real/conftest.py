"""Real parts: servers that others wrote, and the kernel's own faults."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures_local import installed_weights, local_server

__all__ = ["installed_weights", "local_server"]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.real)
