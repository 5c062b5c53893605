"""What a running server writes to its standard error: one JSON object per line."""

import json
import threading
import time


class Log:
    def __init__(self, stream):
        self._lines = []
        self._grown = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._reader.start()

    def _read(self, stream):
        with stream:
            for line in stream:
                with self._grown:
                    self._lines.append(line.rstrip("\n"))
                    self._grown.notify_all()
        with self._grown:
            self._ended = True
            self._grown.notify_all()

    @property
    def text(self):
        with self._grown:
            return "\n".join(self._lines)

    @property
    def end(self):
        """The last lines, to show when a test fails."""
        return "\n".join(self.text.splitlines()[-30:])

    @property
    def entries(self):
        """Every line as the object it is. A line that is none shows as {"raw": line}."""
        with self._grown:
            lines = list(self._lines)
        return [parse(line) for line in lines]

    def find(self, message, **fields):
        """Entries with this message whose fields have these values."""
        return [entry for entry in self.entries
                if entry.get("message") == message and fields.items() <= entry.items()]

    def wait(self, message, timeout=30, **fields):
        """The first such entry, as soon as it is there. Fails when the server ends without it.

        Requests of different workers may stand in another order than they came: name what tells them apart.
        """
        deadline = time.monotonic() + timeout
        while True:
            with self._grown:
                seen, ended = len(self._lines), self._ended
            if found := self.find(message, **fields):
                return found[0]
            assert not ended, f"the server ended without saying {message!r}:\n{self.end}"
            left = deadline - time.monotonic()
            assert left > 0, f"no {message!r} {fields} in the log within {timeout} s:\n{self.end}"
            with self._grown:
                self._grown.wait_for(lambda: len(self._lines) > seen or self._ended, left)

    def finish(self):
        """Waits for the last line of a server that has ended."""
        self._reader.join(30)


def parse(line):
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    return entry if isinstance(entry, dict) else {"raw": line}
