"""Slow thinking off the window's thread: requests, the latest-wins worker, and the bridge to the network."""

from .engine import SegmenterEngine, bundled_models
from .fake import FakeEngine
from .requests import Answer, Cancelled, Engine, EngineError, Failure, Request
from .worker import Worker, WorkerState

__all__ = [
    "Answer",
    "Cancelled",
    "Engine",
    "EngineError",
    "Failure",
    "FakeEngine",
    "Request",
    "SegmenterEngine",
    "Worker",
    "WorkerState",
    "bundled_models",
]
