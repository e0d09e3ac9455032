"""Slow thinking off the window's thread: requests, the latest-wins worker, and the bridge to the network."""

from .engine import SegmenterEngine
from .fake import FakeEngine
from .models import KnownModel, import_among_own, known_models
from .requests import Answer, Cancelled, Engine, EngineError, Failure, Request
from .worker import Worker, WorkerState

__all__ = [
    "Answer",
    "Cancelled",
    "Engine",
    "EngineError",
    "Failure",
    "FakeEngine",
    "KnownModel",
    "Request",
    "SegmenterEngine",
    "Worker",
    "WorkerState",
    "import_among_own",
    "known_models",
]
