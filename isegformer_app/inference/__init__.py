"""Slow thinking off the window's thread: requests, the latest-wins worker, and the bridge to the network."""

from .crop import ProbabilityCrop
from .engine import SegmenterEngine
from .fake import FakeEngine
from .models import (
    KnownModel,
    OfferedModel,
    fetch_offered,
    import_among_own,
    known_models,
    offered_models,
    remove_own,
)
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
    "OfferedModel",
    "ProbabilityCrop",
    "Request",
    "SegmenterEngine",
    "Worker",
    "WorkerState",
    "fetch_offered",
    "import_among_own",
    "known_models",
    "offered_models",
    "remove_own",
]
