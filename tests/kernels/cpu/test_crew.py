"""Threads, signals and processes: a run ends whole, whatever is raised, and leaves nobody waiting."""

import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import weakref

import numpy as np
import pytest

from minicnn import kernels
from minicnn.errors import DeviceError
from minicnn.kernels.cpu.program import crew, executor
from minicnn.kernels.cpu.program.program import SPLIT, Program
from minicnn.kernels.machine_code.compile import step

SIGNALS = hasattr(signal, "setitimer")
LAYOUT = executor.Layout(1, 1, 0, 0, 0, 0, 0)


@step("count")
def wait_step(memory, parameters, table, arguments, frame):
    """Take a while: `count` additions."""
    total = 0.0
    for n in range(arguments.count):
        total += 1.0 / (n + 1)
    memory[0] = total


@step("count")
def count_step(memory, parameters, table, arguments, frame):
    """Add one, after a while."""
    total = 0.0
    for n in range(10_000):
        total += 1.0 / (n + 1)
    memory[0] += 1.0 if total > 0 else 0.0


@step("count")
def greedy_step(memory, parameters, table, arguments, frame):
    numbers = np.empty(arguments.count, np.float64)
    memory[0] = numbers[0]


def program_of(kernel, argument, steps, parts=2):
    """Steps that are phases of their own, each in parts."""
    program = Program()
    for _ in range(steps):
        program.step(kernel, count=argument)
        program.close_phase(SPLIT, parts)
    return program.finish()


def run(program, batches=1, threads=2, memory=None, **settings):
    jobs = np.zeros((batches, executor.JOB_FIELDS), np.int64)
    jobs[:, executor.JOB_IMAGES] = 1
    memory = np.zeros(16, np.float32) if memory is None else memory
    crew.run(threads, program, memory, np.zeros(1, np.float32), jobs, np.zeros(1, np.int64), LAYOUT, **settings)


def script(text, *arguments, timeout=240):
    """Run a program in a process of its own; its output, and an assertion that it ended well."""
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(text), *arguments], capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def alarm():
    """Calls a function in the middle of what runs: `alarm(seconds of this process, function)`."""
    if not SIGNALS:
        pytest.skip("this system has no timer that sends signals")
    before = signal.getsignal(signal.SIGPROF)

    def set_alarm(seconds, handler):
        signal.signal(signal.SIGPROF, lambda *_: handler())
        signal.setitimer(signal.ITIMER_PROF, seconds)

    yield set_alarm
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)


class InterruptError(Exception):
    pass


def interrupt():
    raise InterruptError


def test_an_exception_in_a_handler_stops_a_long_run_between_its_steps(alarm):
    program = program_of(wait_step, 10_000_000, steps=10_000)
    run(program_of(wait_step, 1, steps=1))
    alarm(0.05, interrupt)
    with pytest.raises(InterruptError):
        run(program)


def test_where_parameters_change_the_batch_under_way_is_finished_first(alarm):
    program = program_of(count_step, 0, steps=9, parts=1)
    done, memory = np.zeros(1, np.int64), np.zeros(16, np.float32)
    run(program)
    alarm(0.05, interrupt)
    with pytest.raises(InterruptError):
        run(program, batches=20_000, memory=memory, finished=done, whole_batches=True)
    assert 0 < done[0] < 20_000
    assert memory[0] == 9 * done[0]


def test_a_run_that_was_not_stopped_finishes_every_batch():
    done = np.zeros(1, np.int64)
    run(program_of(wait_step, 10, steps=3), batches=7, finished=done)
    assert done[0] == 7


def test_a_step_that_fails_is_an_error_of_the_caller():
    program = program_of(greedy_step, 1 << 60, steps=3)
    with pytest.raises(DeviceError, match="the step greedy_step failed: there is no memory left"):
        run(program)
    run(program_of(wait_step, 1, steps=3))


def test_a_handler_that_computes_is_refused_rather_than_waited_for(alarm):
    x = np.ones((1, 1, 8, 8), np.float32)
    kernels.relu(x)
    alarm(0.05, lambda: kernels.relu(x))
    with pytest.raises(DeviceError, match="a signal handler cannot compute"):
        run(program_of(wait_step, 10_000_000, steps=1000))


def test_a_system_without_another_thread_is_told(monkeypatch):
    own = crew.Crew()
    monkeypatch.setattr(crew, "_crew", own)

    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(DeviceError, match=r"no thread beside the 1 .*\n.*set_threads\(1\)"):
        run(program_of(wait_step, 1, steps=1))
    run(program_of(wait_step, 1, steps=1), threads=1)


def test_workers_hold_nothing_of_a_call_that_is_over():
    x = np.ones((64, 16, 28, 28), np.float32)
    y = kernels.conv2d(x, np.ones((8, 16, 3, 3), np.float32))
    held = [weakref.ref(x), weakref.ref(y)]
    del x, y
    gc.collect()
    assert [each() for each in held] == [None, None]


INTERRUPTS = """
    import random, signal, sys
    import numpy as np
    import minicnn
    from minicnn import zoo

    class Interrupted(Exception):
        pass

    def interrupt(*_):
        raise Interrupted

    minicnn.set_threads(2)
    chance = random.Random(0)
    net = zoo.build("lenet")
    x, labels = np.random.default_rng(0).standard_normal((256, 1, 28, 28)).astype(np.float32), np.arange(256) % 10
    wanted, (wanted_loss, wanted_gradients) = net.forward(x), net.backward(x, labels)
    signal.signal(signal.SIGALRM, interrupt)
    for _ in range(100):
        watched = [np.full((256, 10), 7, np.float32) for _ in range(20)]
        try:
            signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-5, 8e-3))
            while True:
                del watched[::2]   # memory that the next result may take
                assert (net.forward(x) == wanted).all()
                loss, gradients = net.backward(x, labels)
                assert loss == wanted_loss and all((gradients[name] == wanted_gradients[name]).all() for name in gradients)
                watched = [np.full((256, 10), 7, np.float32) for _ in range(20)]
        except Interrupted:
            assert all((each == 7).all() for each in watched)
    print("whole")
"""


@pytest.mark.skipif(not SIGNALS, reason="this system has no timer that sends signals")
def test_exceptions_at_any_moment_neither_crash_nor_change_what_is_not_theirs():
    assert script(INTERRUPTS) == "whole\n"


FORKS = """
    import os, threading, time
    import numpy as np
    from minicnn import kernels

    x, weight = np.ones((64, 16, 28, 28), np.float32), np.ones((32, 16, 3, 3), np.float32)
    wanted = kernels.conv2d(x, weight)
    over = False

    def compute():
        while not over:
            kernels.conv2d(x, weight)

    thread = threading.Thread(target=compute)
    thread.start()
    for _ in range(30):
        time.sleep(0.003)
        child = os.fork()
        if not child:
            os._exit(0 if (kernels.conv2d(x, weight) == wanted).all() else 1)
        until = time.monotonic() + 60
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > until:
                os.kill(child, 9)
                os._exit(2)   # it hangs
            time.sleep(0.001)
        if ended[1]:
            os._exit(3)
    over = True
    thread.join()
    print("whole")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_process_forked_while_another_thread_computes_computes_as_well():
    assert script(FORKS) == "whole\n"


COMPILING_FORK = """
    import os, threading, time
    from minicnn.kernels.machine_code import compile
    from minicnn.kernels.machine_code.compile import global_compiler_lock

    held = threading.Event()

    def hold():
        with global_compiler_lock:
            held.set()
            time.sleep(0.5)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if not child:
        os._exit(0 if global_compiler_lock._lock.acquire(timeout=20) else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_process_forked_while_another_thread_compiles_can_compile():
    assert script(COMPILING_FORK) == "0\n"


POOL = """
    import multiprocessing, sys
    import numpy as np
    from minicnn import kernels

    def total(n):
        return float(kernels.conv2d(np.full((4, 16, 28, 28), n, np.float32), np.ones((16, 16, 3, 3), np.float32)).sum())

    if __name__ == "__main__":
        wanted = [total(n) for n in range(4)]
        for method in multiprocessing.get_all_start_methods():
            with multiprocessing.get_context(method).Pool(2) as pool:
                assert pool.map_async(total, range(4)).get(timeout=200) == wanted, method
        print("whole")
"""


def test_processes_of_every_start_method_compute(tmp_path):
    path = tmp_path / "pool.py"
    path.write_text(textwrap.dedent(POOL))
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=300)
    assert done.stdout == "whole\n", done.stderr[-2000:]


SHARED_OUT = """
    import numpy as np
    import pytest
    from minicnn import kernels

    @pytest.mark.parametrize("n", range(8))
    def test_total(n):
        y = kernels.conv2d(np.full((4, 16, 28, 28), n, np.float32), np.ones((16, 16, 3, 3), np.float32))
        assert y.sum() == pytest.approx(4 * 16 * 26 * 26 * 144 * n)
"""


def test_tests_that_are_shared_out_to_processes_compute(tmp_path):
    """By pytest-xdist."""
    (tmp_path / "test_total.py").write_text(textwrap.dedent(SHARED_OUT))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "test_total.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "8 passed" in done.stdout, done.stdout + done.stderr


SUBINTERPRETER = """
    import importlib, sys

    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    interpreters = importlib.import_module(name)
    run = getattr(interpreters, "exec", None) or interpreters.run_string
    inside = ["try:", "    import minicnn", "    minicnn.kernels.conv2d", "except RuntimeError as error:",
              "    print(str(error).partition(chr(10))[0], flush=True)"]
    run(interpreters.create(), chr(10).join(inside))
"""


def test_a_subinterpreter_is_told_that_it_cannot_compute():
    assert script(SUBINTERPRETER).startswith("minicnn computes only in the main interpreter of a process")


def test_kernels_called_from_several_threads_give_each_its_own_result():
    inputs = [np.random.default_rng(n).standard_normal((32 + n, 8, 14, 14)).astype(np.float32) for n in range(4)]
    weight = np.random.default_rng(9).standard_normal((8, 8, 3, 3)).astype(np.float32)
    wanted = [(kernels.conv2d(x, weight), kernels.max_pool2d(x, 2)) for x in inputs]
    wrong = []

    def compute(n):
        for _ in range(50):
            for got, right in zip((kernels.conv2d(inputs[n], weight), kernels.max_pool2d(inputs[n], 2)), wanted[n], strict=True):
                if not np.array_equal(got, right):
                    wrong.append(n)

    threads = [threading.Thread(target=compute, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
