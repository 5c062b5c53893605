"""Running the programs that the tests drive."""

import os
import subprocess
import time
from pathlib import Path


def run(*argv, stdin=None, env=None, timeout=120, check=True, cwd=None):
    """Runs a program to its end. With `check`, anything but exit status 0 fails the test and shows
    what the program said. A program that is not installed fails it too."""
    argv = [str(argument) for argument in argv]
    done = subprocess.run(
        argv, input="" if stdin is None else stdin, capture_output=True, text=True, timeout=timeout,
        env={**os.environ, **env} if env else None, cwd=cwd)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(argv)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def said(done):
    """All that a finished program wrote."""
    return done.stdout + done.stderr


def eventually(condition, what, timeout=30):
    """Waits until `condition()` is true and returns its value."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.02)
    return value


class Daemon:
    """A program that runs beside the test, with its output in a file."""

    def __init__(self, argv, log, answers, **options):
        """Returns once `answers()` is true; a program that ends before that fails the test."""
        self._log = open(log, "w")
        self.process = subprocess.Popen([str(argument) for argument in argv], stdin=subprocess.DEVNULL,
                                        stdout=self._log, stderr=self._log, **options)
        try:
            eventually(lambda: self.process.poll() is not None or answers(), f"{argv[0]} answers", 60)
            assert self.process.poll() is None, f"{argv[0]} has ended:\n{Path(log).read_text()}"
        except BaseException:
            self.stop()
            raise

    def stop(self):
        """SIGTERM, and SIGKILL if that does not help."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()
