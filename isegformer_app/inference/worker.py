"""The worker: one thread owns the network, and there is one waiting seat, where the newest request wins."""

import enum
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from .crop import ProbabilityCrop
from .requests import Answer, Cancelled, Engine, EngineError, Failure, Image, Request

logger = logging.getLogger(__name__)

EngineFactory = Callable[[], Engine]
Message = TypeVar("Message", Answer, Failure, "WorkerState")


class WorkerState(enum.Enum):
    """What the worker does just now."""

    IDLE = "idle"
    LOADING = "loading"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class _Job:
    """One thing for the thread to do: answer `request`, encode `image` ahead of time, or only load the network."""

    request: Request | None = None
    image_key: str = ""
    image: Image | None = None
    is_ahead: bool = False
    submitted: float = field(default_factory=time.perf_counter)
    called_off: threading.Event = field(default_factory=threading.Event)

    def survives(self, newer: Request) -> bool:
        """Whether the work of this running job is of use for a newer request."""
        if self.request is None:
            return True
        return newer.continues(self.request)


class Worker:
    """Answers requests on its own thread, the newest first and only.

    The three callbacks run on the worker's thread and must be quick: pass the message on and return. None of them
    runs after `close` has returned. A request that was replaced or cancelled gets no callback at all.
    The methods may be called from any thread.
    """

    def __init__(
        self,
        engine_factory: EngineFactory,
        on_answer: Callable[[Answer], None],
        on_failure: Callable[[Failure], None],
        on_state: Callable[[WorkerState], None],
    ) -> None:
        """Start the thread; the engine is made and loaded only when the first job arrives."""
        self._factory = engine_factory
        self._on_answer = on_answer
        self._on_failure = on_failure
        self._on_state = on_state
        self._wake = threading.Condition()
        self._waiting: _Job | None = None
        self._warm_up: _Job | None = None
        self._ahead: _Job | None = None
        self._running: _Job | None = None
        self._generation = 1
        self._closing = False
        self._engine: Engine | None = None
        self._engine_generation = 0
        self._is_loaded = False
        self._state = WorkerState.IDLE
        self._thread = threading.Thread(target=self._run, name="isegformer-worker", daemon=True)
        self._thread.start()

    def submit(self, request: Request) -> None:
        """Ask for an answer; whoever waited before loses the seat, and a job that is of no more use is called off."""
        with self._wake:
            if self._closing:
                return
            self._waiting = _Job(request)
            running = self._running
            if running is not None and running.is_ahead:
                if running.image_key != request.image_key:
                    self._call_off_ahead(running)
            elif running is not None and not running.survives(request):
                running.called_off.set()
            self._wake.notify()

    def warm_up(self, image_key: str, image: Image) -> None:
        """Encode `image` (H, W, 3) uint8 when there is nothing better to do; the newest such wish wins."""
        self._wish(_Job(image_key=image_key, image=image))

    def encode_ahead(self, image_key: str, image: Image) -> None:
        """Encode an image that may be wanted later, when there is nothing else to do; the newest such wish wins.

        Whatever else is asked for interrupts it, and it begins again afterwards.
        """
        with self._wake:
            if not self._closing:
                self._ahead = _Job(image_key=image_key, image=image, is_ahead=True)
                self._wake.notify()

    def prepare(self) -> None:
        """Load the network when there is nothing better to do, before the first image is known."""
        self._wish(_Job())

    def cancel(self) -> None:
        """Call off the running request and the waiting one; what is encoded is left alone."""
        with self._wake:
            self._waiting = None
            if self._running is not None and self._running.request is not None:
                self._running.called_off.set()

    def replace_engine(self, engine_factory: EngineFactory) -> None:
        """Drive another engine from the next job on; a request that is running starts again on it."""
        with self._wake:
            self._factory = engine_factory
            self._generation += 1
            running = self._running
            if running is not None and not running.called_off.is_set():
                running.called_off.set()
                if running.request is not None and self._waiting is None:
                    self._waiting = _Job(running.request, submitted=running.submitted)
            self._wake.notify()

    def close(self) -> None:
        """Call everything off and wait until the thread has ended; a second call does nothing."""
        with self._wake:
            self._closing = True
            self._waiting = self._warm_up = self._ahead = None
            if self._running is not None:
                self._running.called_off.set()
            self._wake.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _wish(self, job: _Job) -> None:
        with self._wake:
            if not self._closing:
                self._warm_up = job
                running = self._running
                if running is not None and running.is_ahead and running.image_key != job.image_key:
                    self._call_off_ahead(running)
                self._wake.notify()

    def _call_off_ahead(self, running: _Job) -> None:
        """Interrupt encoding ahead; it is taken up again later unless another image is wished for by now."""
        if not running.called_off.is_set():
            running.called_off.set()
            if self._ahead is None:
                self._ahead = _Job(image_key=running.image_key, image=running.image, is_ahead=True)

    def _run(self) -> None:
        while (job := self._next_job()) is not None:
            try:
                self._do(job)
            except Cancelled:
                logger.debug("a job was called off")
            except EngineError as error:
                self._fail(job, str(error))
            except Exception as error:
                # The thread must outlive whatever the network or a file throws; the log keeps the traceback.
                logger.exception("the engine failed unexpectedly")
                self._fail(job, f"The model stopped on an unexpected error ({type(error).__name__}); try again, "
                                "and see the log file for the details if it happens again.")  # fmt: skip
            with self._wake:
                self._running = None
                is_idle = self._waiting is None and self._warm_up is None and self._ahead is None
            if is_idle:
                self._tell_state(WorkerState.IDLE)
        self._engine = None

    def _next_job(self) -> _Job | None:
        with self._wake:
            self._wake.wait_for(lambda: self._closing or bool(self._waiting or self._warm_up or self._ahead))
            if self._closing:
                return None
            if self._waiting is not None:
                self._running, self._waiting = self._waiting, None
            elif self._warm_up is not None:
                self._running, self._warm_up = self._warm_up, None
            else:
                self._running, self._ahead = self._ahead, None
            return self._running

    def _do(self, job: _Job) -> None:
        engine = self._ready_engine()
        if self._lost_its_seat(job):
            raise Cancelled
        # Encoding ahead keeps nobody waiting, and so there is nothing to show.
        self._tell_state(WorkerState.IDLE if job.is_ahead else WorkerState.BUSY)
        if job.request is not None:
            probability = engine.predict(job.request, job.called_off.is_set)
            if job.called_off.is_set():
                raise Cancelled
            model, device = engine.describe()
            crop = ProbabilityCrop.of(probability)
            seconds = time.perf_counter() - job.submitted
            self._tell(self._on_answer, Answer(job.request, crop, seconds, device, model))
        elif job.image is not None:
            engine.encode(job.image_key, job.image, job.called_off.is_set)

    def _ready_engine(self) -> Engine:
        with self._wake:
            factory, generation = self._factory, self._generation
        if self._engine is None or self._engine_generation != generation:
            # The old network goes before the new one comes: two at once may not fit into the memory.
            self._engine = None
            self._engine, self._engine_generation, self._is_loaded = factory(), generation, False
        if not self._is_loaded:
            self._tell_state(WorkerState.LOADING)
            self._engine.load()
            self._is_loaded = True
        return self._engine

    def _lost_its_seat(self, job: _Job) -> bool:
        """Whether something better came while the network was loading; a warm-up then waits for its next chance."""
        with self._wake:
            if job.called_off.is_set():
                return True
            if self._waiting is None and not (job.is_ahead and self._warm_up is not None):
                return False
            if job.is_ahead:
                self._ahead = self._ahead or job
            elif job.request is None and self._warm_up is None:
                self._warm_up = job
            return True

    def _fail(self, job: _Job, message: str) -> None:
        if job.request is None:
            # Nobody asked for a warm-up: the same trouble is told when somebody clicks.
            logger.warning("could not warm up: %s", message)
        elif not job.called_off.is_set():
            self._tell(self._on_failure, Failure(job.request, message))

    def _tell_state(self, state: WorkerState) -> None:
        if state is not self._state:
            self._state = state
            self._tell(self._on_state, state)

    def _tell(self, callback: Callable[[Message], None], message: Message) -> None:
        with self._wake:
            if self._closing:
                return
        try:
            callback(message)
        except Exception:
            # A listener's fault is not the network's: the next click must still be answered.
            logger.exception("a listener of the worker failed")
