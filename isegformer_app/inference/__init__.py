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
    trouble_with,
)
from .requests import Answer, Cancelled, Engine, EngineError, Failure, KnownSlice, Request
from .walking import Doubt, doubt_of, is_weak, remembered, walks
from .worker import Worker, WorkerState

__all__ = [
    "Answer",
    "Cancelled",
    "Doubt",
    "Engine",
    "EngineError",
    "Failure",
    "FakeEngine",
    "KnownModel",
    "KnownSlice",
    "OfferedModel",
    "ProbabilityCrop",
    "Request",
    "SegmenterEngine",
    "Worker",
    "WorkerState",
    "doubt_of",
    "fetch_offered",
    "import_among_own",
    "is_weak",
    "known_models",
    "offered_models",
    "remembered",
    "remove_own",
    "trouble_with",
    "walks",
]
