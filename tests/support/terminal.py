# SPDX-License-Identifier: Apache-2.0
"""A command on a terminal of its own (its controlling one, as a shell would give it), for tests that type and look."""
import errno
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

from support.cli import BELLJAR, environment

PATIENCE = 30


class Terminal:
    def __init__(self, *words, program=BELLJAR, rows=24, columns=80, env=None, stdout=None):
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.text = b""
        self.process = subprocess.Popen(
            [program, *map(str, words)], stdin=self.slave, stdout=stdout or self.slave, stderr=self.slave,
            env=environment(TERM="xterm-256color", **(env or {})), start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.pid = self.process.pid

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, data):
        os.write(self.master, data if isinstance(data, bytes) else data.encode())

    def read(self, wait=1):
        """What has come, b"" when nothing does within `wait` seconds or the other side is gone."""
        if not select.select([self.master], [], [], wait)[0]:
            return b""
        try:
            return os.read(self.master, 65536)
        except OSError as e:
            assert e.errno == errno.EIO
            return b""

    def expect(self, wanted):
        """Reads until `wanted` has come; gives what came before it. What is behind it stays for the next."""
        wanted = wanted if isinstance(wanted, bytes) else wanted.encode()
        end = time.monotonic() + PATIENCE
        while wanted not in self.text:
            assert time.monotonic() < end, (wanted, self.text)
            self.text += self.read()
        before, _, self.text = self.text.partition(wanted)
        return before

    def wait(self):
        """The exit status; what is printed meanwhile is read, so that nobody waits for a reader."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < end, self.text
            self.text += self.read(0.05)
        while more := self.read(0):
            self.text += more
        return self.process.returncode

    def send(self, signo):
        self.process.send_signal(signo)

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & termios.ICANON

    def settled(self, raw):
        """Waits until the terminal is raw, or is not."""
        end = time.monotonic() + PATIENCE
        while self.is_raw() != raw:
            assert time.monotonic() < end
            time.sleep(0.01)

    def is_restored(self):
        return termios.tcgetattr(self.slave) == self.before

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)
        for fd in (self.master, self.slave):
            if fd >= 0:
                os.close(fd)
        self.master = self.slave = -1
