"""What a child process says and is told: read while it runs, and never more of it kept than was asked for."""

import os
import selectors
import subprocess
import time

PIECE = 1 << 16


class TooSlow(Exception):
    """The time was over before the child had closed its pipes."""


class TooLoud(Exception):
    """The child printed more than anybody would read."""


class Kept:
    """The first or the last `most` bytes of a stream; `cut` says whether some were let go."""

    def __init__(self, most: int, *, tail: bool) -> None:
        self.most = most
        self.tail = tail
        self.cut = False
        self._data = bytearray()

    def add(self, piece: bytes) -> None:
        """Take the next bytes of the stream."""
        self._data += piece
        self.cut = self.cut or len(self._data) > self.most
        if not self.tail:
            del self._data[self.most :]
        elif len(self._data) > 2 * self.most:  # moving the rest to the front each time would cost its square
            del self._data[: len(self._data) - self.most]

    def text(self) -> str:
        r"""Give what was kept as text: UTF-8, undecodable bytes replaced, every line end as \n."""
        data = self._data[max(len(self._data) - self.most, 0) :]
        return data.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")


class Conversation:
    """One talk with one child through its three pipes, which are closed at its end."""

    def __init__(self, child: subprocess.Popen[bytes], said: bytes, *, keep: int, most: int) -> None:
        self.out, self.err = Kept(keep, tail=False), Kept(keep, tail=True)
        self._child = child
        self._rest = memoryview(said)
        self._most = most
        self._total = 0

    def hold(self, timeout: float) -> float:
        """Tell the child what it is told, and read what it prints until it has closed stdout and stderr.

        Gives the seconds that are left. Raises TooSlow when it takes longer than `timeout` seconds, TooLoud when the
        child prints more than `most` bytes.
        """
        end = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            try:
                self._register(selector)
                while selector.get_map():
                    ready = selector.select(max(end - time.monotonic(), 0))
                    for key, _ in ready:
                        self._serve(selector, key)
                    if not ready and time.monotonic() >= end:
                        raise TooSlow
                return max(end - time.monotonic(), 0)
            finally:
                for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
                    if pipe is not None:
                        pipe.close()

    def _register(self, selector: selectors.BaseSelector) -> None:
        for pipe, kept in ((self._child.stdout, self.out), (self._child.stderr, self.err)):
            if pipe is not None:
                selector.register(pipe, selectors.EVENT_READ, kept)
        if self._child.stdin is not None:
            os.set_blocking(self._child.stdin.fileno(), False)
            selector.register(self._child.stdin, selectors.EVENT_WRITE, None)

    def _serve(self, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        if isinstance(key.data, Kept):
            piece = os.read(key.fd, PIECE)
            key.data.add(piece)
            self._total += len(piece)
            if self._total > self._most:
                raise TooLoud
            done = not piece
        else:
            done = self._tell(key.fd)
        if done:
            selector.unregister(key.fileobj)
            if key.fileobj is self._child.stdin:
                self._child.stdin.close()

    def _tell(self, pipe: int) -> bool:
        """Write what fits; say whether that was all, or nobody listens."""
        try:
            self._rest = self._rest[os.write(pipe, self._rest[:PIECE]) :] if self._rest else self._rest
        except BrokenPipeError:
            return True
        return not self._rest
