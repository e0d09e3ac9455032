"""The worker, counted exactly: events say when something starts, never the clock."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from isegformer_app.document import Click
from isegformer_app.inference import Answer, Engine, EngineError, Failure, FakeEngine, Request, Worker, WorkerState
from isegformer_app.inference.fake import disks
from isegformer_app.inference.requests import Image, Probability

IMAGE = np.zeros((40, 60, 3), np.uint8)
PATIENCE = 30


def ask(*points: tuple[int, int]) -> Request:
    clicks = tuple(Click(row, col, True) for row, col in points)
    return Request("photo", IMAGE, 0, 1, clicks)


class Desk:
    """A worker and all that it said, in order."""

    def __init__(self, *engines: FakeEngine) -> None:
        self.engines: Iterator[FakeEngine] = iter(engines)
        self.answers: queue.Queue[Answer] = queue.Queue()
        self.failures: queue.Queue[Failure] = queue.Queue()
        self.states: queue.Queue[WorkerState] = queue.Queue()
        self.worker = Worker(self.factory, self.answers.put, self.failures.put, self.states.put)

    def factory(self) -> Engine:
        return next(self.engines)

    def answer(self) -> Answer:
        return self.answers.get(timeout=PATIENCE)

    def failure(self) -> Failure:
        return self.failures.get(timeout=PATIENCE)

    def state(self) -> WorkerState:
        return self.states.get(timeout=PATIENCE)

    def wait_until_idle(self) -> None:
        while self.state() is not WorkerState.IDLE:
            pass


OpenDesk = Callable[..., Desk]


@pytest.fixture
def open_desk() -> Iterator[OpenDesk]:
    desks: list[Desk] = []

    def build(*engines: FakeEngine) -> Desk:
        desks.append(Desk(*engines))
        return desks[-1]

    yield build
    for desk in desks:
        desk.worker.close()
        assert not desk.worker._thread.is_alive()


def started(engine: FakeEngine) -> None:
    assert engine.started.acquire(timeout=PATIENCE)


def test_an_answer_carries_its_request_and_where_it_came_from(open_desk: OpenDesk) -> None:
    desk = open_desk(FakeEngine(radius=3, name="toy"))
    request = ask((10, 20))
    desk.worker.submit(request)
    answer = desk.answer()
    assert answer.request is request
    assert (answer.model, answer.device) == ("toy", "cpu")
    np.testing.assert_array_equal(answer.crop.mask(0.5).full((40, 60)), disks(request, 3) > 0.5)
    assert answer.seconds > 0


def test_fifty_clicks_during_a_slow_job_run_two_jobs(open_desk: OpenDesk) -> None:
    gate = threading.Event()
    engine = FakeEngine(script=[gate])
    desk = open_desk(engine)
    points = [(n % 40, n) for n in range(50)]
    desk.worker.submit(ask(points[0]))
    started(engine)
    for count in range(2, 51):
        desk.worker.submit(ask(*points[:count]))
    gate.set()
    assert [len(desk.answer().request.clicks) for _ in range(2)] == [1, 50]
    desk.wait_until_idle()
    assert [len(request.clicks) for request in engine.predicted] == [1, 50]
    assert desk.answers.empty()


def test_a_job_of_no_more_use_is_called_off_and_not_answered(open_desk: OpenDesk) -> None:
    engine = FakeEngine(script=[threading.Event()])
    desk = open_desk(engine)
    desk.worker.submit(ask((1, 1), (2, 2)))
    started(engine)
    other = ask((1, 1), (3, 3))
    desk.worker.submit(other)
    assert desk.answer().request is other
    desk.wait_until_idle()
    assert desk.answers.empty()
    assert desk.failures.empty()


def test_clicks_while_loading_are_queued_and_only_the_newest_is_computed(open_desk: OpenDesk) -> None:
    gate = threading.Event()
    engine = FakeEngine(load_script=[gate])
    desk = open_desk(engine)
    for count in range(1, 6):
        desk.worker.submit(ask(*[(n, n) for n in range(count)]))
    assert desk.state() is WorkerState.LOADING
    desk.worker.submit(ask((7, 7)))
    gate.set()
    assert desk.answer().request == ask((7, 7))
    assert desk.state() is WorkerState.BUSY
    assert desk.state() is WorkerState.IDLE
    assert len(engine.predicted) == 1
    assert engine.loads == 1


def test_an_engine_error_is_told_in_its_own_words_and_the_worker_lives_on(open_desk: OpenDesk) -> None:
    desk = open_desk(FakeEngine(script=[EngineError("The click lies outside the image.")]))
    request = ask((1, 1))
    desk.worker.submit(request)
    failure = desk.failure()
    assert failure.request is request
    assert failure.message == "The click lies outside the image."
    desk.worker.submit(ask((2, 2)))
    assert desk.answer().request == ask((2, 2))


def test_an_unexpected_error_is_logged_with_its_traceback_and_told_in_a_sentence(
    open_desk: OpenDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk = open_desk(FakeEngine(script=[RuntimeError("tensor 0x17")]))
    with caplog.at_level(logging.ERROR):
        desk.worker.submit(ask((1, 1)))
        failure = desk.failure()
    assert "RuntimeError" in failure.message
    assert "0x17" not in failure.message
    assert "Traceback" in caplog.text
    assert "0x17" in caplog.text
    desk.worker.submit(ask((2, 2)))
    desk.answer()


def test_a_network_that_does_not_load_fails_the_click_and_is_tried_again(open_desk: OpenDesk) -> None:
    engine = FakeEngine(load_script=[EngineError("The weights are damaged.")])
    desk = open_desk(engine)
    desk.worker.submit(ask((1, 1)))
    assert desk.failure().message == "The weights are damaged."
    desk.worker.submit(ask((1, 1)))
    desk.answer()
    assert engine.loads == 2


def test_a_factory_that_fails_is_tried_again(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.worker.submit(ask((1, 1)))
    assert "StopIteration" in desk.failure().message
    desk.engines = iter([FakeEngine()])
    desk.worker.submit(ask((1, 1)))
    desk.answer()


def test_cancel_ends_the_running_and_the_waiting_request_without_a_word(open_desk: OpenDesk) -> None:
    engine = FakeEngine(script=[threading.Event()])
    desk = open_desk(engine)
    desk.worker.submit(ask((1, 1)))
    started(engine)
    desk.worker.submit(ask((1, 1), (2, 2)))
    desk.worker.cancel()
    desk.wait_until_idle()
    assert len(engine.predicted) == 1
    assert desk.answers.empty()
    assert desk.failures.empty()


def test_a_late_error_of_a_cancelled_job_is_not_told(open_desk: OpenDesk) -> None:
    gate = threading.Event()

    class Stubborn(FakeEngine):
        def predict(self, request: Request, cancelled: Callable[[], bool]) -> Probability:
            self.started.release()
            gate.wait(PATIENCE)
            raise EngineError("too late")

    engine = Stubborn()
    desk = open_desk(engine)
    desk.worker.submit(ask((1, 1)))
    started(engine)
    desk.worker.cancel()
    gate.set()
    desk.wait_until_idle()
    assert desk.failures.empty()


def test_close_while_busy_ends_the_thread_and_nothing_is_said_afterwards(open_desk: OpenDesk) -> None:
    engine = FakeEngine(script=[threading.Event()])
    desk = open_desk(engine)
    desk.worker.submit(ask((1, 1)))
    started(engine)
    desk.worker.submit(ask((2, 2)))
    desk.worker.close()
    desk.worker.close()
    assert not desk.worker._thread.is_alive()
    desk.worker.submit(ask((3, 3)))
    desk.worker.warm_up("photo", IMAGE)
    assert desk.answers.empty()
    assert desk.failures.empty()
    assert len(engine.predicted) == 1


def test_close_before_any_work_makes_no_engine(open_desk: OpenDesk) -> None:
    desk = open_desk(FakeEngine())
    desk.worker.close()
    assert next(desk.engines).loads == 0


def test_requests_go_before_warm_ups(open_desk: OpenDesk) -> None:
    gate = threading.Event()
    engine = FakeEngine(script=[gate])
    desk = open_desk(engine)
    desk.worker.submit(ask((1, 1)))
    started(engine)
    desk.worker.warm_up("next", IMAGE)
    desk.worker.warm_up("after next", IMAGE)
    desk.worker.submit(ask((1, 1), (2, 2)))
    gate.set()
    desk.answer()
    desk.answer()
    assert len(engine.predicted) == 2
    desk.wait_until_idle()
    assert engine.encoded == ["after next"]


def test_a_warm_up_waits_for_a_click_that_came_while_loading(open_desk: OpenDesk) -> None:
    gate = threading.Event()
    order: list[str] = []

    class Diary(FakeEngine):
        def encode(self, image_key: str, image: Image, cancelled: Callable[[], bool] = lambda: False) -> None:
            order.append(image_key)

        def predict(self, request: Request, cancelled: Callable[[], bool]) -> Probability:
            order.append("click")
            return super().predict(request, cancelled)

    desk = open_desk(Diary(load_script=[gate]))
    desk.worker.warm_up("photo", IMAGE)
    assert desk.state() is WorkerState.LOADING
    desk.worker.submit(ask((1, 1)))
    gate.set()
    desk.wait_until_idle()
    assert order == ["click", "photo"]


class Encoder(FakeEngine):
    """A fake that says when it begins to encode, and when it is done."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.begun, self.done = threading.Semaphore(0), threading.Semaphore(0)

    def encode(self, image_key: str, image: Image, cancelled: Callable[[], bool] = lambda: False) -> None:
        self.begun.release()
        super().encode(image_key, image, cancelled)
        self.done.release()


def test_encoding_ahead_waits_for_everything_else_and_is_not_shown(open_desk: OpenDesk) -> None:
    gate = threading.Event()
    engine = Encoder(script=[gate])
    desk = open_desk(engine)
    desk.worker.submit(ask((1, 1)))
    started(engine)
    desk.worker.encode_ahead("next", IMAGE)
    desk.worker.encode_ahead("after next", IMAGE)
    desk.worker.warm_up("photo", IMAGE)
    gate.set()
    desk.answer()
    assert [desk.state() for _ in range(3)] == [WorkerState.LOADING, WorkerState.BUSY, WorkerState.IDLE]
    assert all(engine.done.acquire(timeout=PATIENCE) for _ in range(2))
    assert engine.encoded == ["photo", "after next"]


def test_click_interrupts_encoding_ahead_which_begins_again(open_desk: OpenDesk) -> None:
    engine = Encoder(encode_script=[threading.Event()])
    desk = open_desk(engine)
    desk.worker.encode_ahead("next", IMAGE)
    assert engine.begun.acquire(timeout=PATIENCE)
    desk.worker.submit(ask((1, 1)))
    assert desk.answer().request.image_key == "photo"
    assert engine.done.acquire(timeout=PATIENCE)
    assert engine.encoded == ["next"]


def test_closing_calls_encoding_ahead_off(open_desk: OpenDesk) -> None:
    engine = Encoder(encode_script=[threading.Event()])
    desk = open_desk(engine)
    desk.worker.encode_ahead("next", IMAGE)
    assert engine.begun.acquire(timeout=PATIENCE)
    desk.worker.close()
    assert engine.encoded == []


def test_prepare_loads_and_does_no_more(open_desk: OpenDesk) -> None:
    engine = FakeEngine()
    desk = open_desk(engine)
    desk.worker.prepare()
    desk.wait_until_idle()
    assert (engine.loads, engine.encoded, engine.predicted) == (1, [], [])


def test_trouble_in_a_warm_up_is_not_told_but_meets_the_click(open_desk: OpenDesk) -> None:
    engine = FakeEngine(load_script=[EngineError("no weights"), EngineError("no weights")])
    desk = open_desk(engine)
    desk.worker.warm_up("photo", IMAGE)
    desk.wait_until_idle()
    assert desk.failures.empty()
    desk.worker.submit(ask((1, 1)))
    assert desk.failure().message == "no weights"


def test_another_engine_takes_over_the_running_request(open_desk: OpenDesk) -> None:
    first, second = FakeEngine(script=[threading.Event()], name="first"), FakeEngine(name="second")
    desk = open_desk(first)
    request = ask((1, 1))
    desk.worker.submit(request)
    started(first)
    desk.worker.replace_engine(lambda: second)
    answer = desk.answer()
    assert answer.request is request
    assert answer.model == "second"
    assert second.loads == 1


def test_another_engine_leaves_a_newer_waiting_request_its_seat(open_desk: OpenDesk) -> None:
    first, second = FakeEngine(script=[threading.Event()]), FakeEngine()
    desk = open_desk(first)
    desk.worker.submit(ask((1, 1)))
    started(first)
    newer = ask((1, 1), (2, 2))
    desk.worker.submit(newer)
    desk.worker.replace_engine(lambda: second)
    assert desk.answer().request is newer
    desk.wait_until_idle()
    assert second.predicted == [newer]


def test_a_listener_that_fails_does_not_stop_the_worker(caplog: pytest.LogCaptureFixture) -> None:
    answers: queue.Queue[Answer] = queue.Queue()

    def listen(answer: Answer) -> None:
        answers.put(answer)
        raise ValueError("a faulty listener")

    worker = Worker(FakeEngine, listen, lambda failure: None, lambda state: None)
    worker.submit(ask((1, 1)))
    answers.get(timeout=PATIENCE)
    worker.submit(ask((2, 2)))
    answers.get(timeout=PATIENCE)
    worker.close()
    assert "a faulty listener" in caplog.text


def test_a_listener_may_close_the_worker() -> None:
    closed = threading.Event()

    def listen(answer: Answer) -> None:
        worker.close()
        closed.set()

    worker = Worker(FakeEngine, listen, lambda failure: None, lambda state: None)
    worker.submit(ask((1, 1)))
    assert closed.wait(PATIENCE)
    worker._thread.join(PATIENCE)
    assert not worker._thread.is_alive()


def test_a_delayed_fake_can_be_called_off(open_desk: OpenDesk) -> None:
    engine = FakeEngine(delay=1000.0)
    desk = open_desk(engine)
    desk.worker.submit(ask((1, 1)))
    started(engine)
    desk.worker.cancel()
    desk.wait_until_idle()
    assert desk.answers.empty()
