"""Options and folders that all tests share."""

from __future__ import annotations

import os
import tempfile

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--renew",
        action="store_true",
        help="write the files of expected output anew instead of comparing with them",
    )


def pytest_configure(config: pytest.Config) -> None:
    # The user's own cache is none of our business. Compiled code is found by its content, so
    # keeping it between runs saves minutes and changes nothing.
    if "TANGENT_FWD_CACHE" not in os.environ:
        cache = getattr(config, "cache", None)  # absent with `-p no:cacheprovider`
        folder = cache.mkdir("compiled") if cache else tempfile.mkdtemp()
        os.environ["TANGENT_FWD_CACHE"] = str(folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture
def renew(request: pytest.FixtureRequest) -> bool:
    """Whether expected output is to be written, not compared."""
    return bool(request.config.getoption("--renew"))
