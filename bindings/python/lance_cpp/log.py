"""Logging of the Python side. The native side is told by the same environment variable."""

from __future__ import annotations

import logging
import os

ENV_NAME_PYLANCE_LOGGING_LEVEL = "LANCE_LOG"

_LEVELS = {"TRACE": "DEBUG", "WARN": "WARNING", "OFF": "CRITICAL"}


def get_python_log_level(rust_log_level) -> str:
    """A level's name for ``logging``: ``TRACE`` and ``WARN`` have other names there."""
    level = rust_log_level.strip().upper()
    return _LEVELS.get(level, level)


def get_log_level() -> str:
    """The default level of ``LANCE_LOG``: its part without ``target=``; ``INFO`` when there is none."""
    for part in os.environ.get(ENV_NAME_PYLANCE_LOGGING_LEVEL, "").split(","):
        if part.strip() and "=" not in part:
            return get_python_log_level(part)
    return "INFO"


LOGGER = logging.getLogger("pylance")
LOGGER.setLevel(get_log_level())


def set_logger(file_path="pylance.log", name="pylance", level=logging.INFO, format_string=None, log_handler=None):
    """Sends the package's log to a file, or to a handler of yours."""
    format_string = format_string or "%(asctime)s %(name)s [%(levelname)s] %(filename)s:%(lineno)d : %(message)s"
    LOGGER.name = name
    LOGGER.setLevel(level)
    handler = log_handler or logging.FileHandler(file_path)
    handler.setLevel(level)
    handler.setFormatter(logging.Formatter(format_string))
    LOGGER.addHandler(handler)
