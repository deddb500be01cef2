"""The shell as a person sees it: on a pseudo-terminal."""

import os
import pty
import re
import select
import signal
import time

import pytest



class Terminal:

    def __init__(self, program, *args, home):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.environ.update(HOME=str(home), TERM="dumb", COLUMNS="100", NO_COLOR="1")
            os.execv(program, [str(program), *args])
        self.pid = pid
        self.text = ""

    def read_until(self, pattern, seconds=20):
        """Returns what came up to the pattern and forgets it."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text)):
            left = end - time.monotonic()
            assert left > 0, f"no {pattern!r} in {self.text!r}"
            if select.select([self.fd], [], [], left)[0]:
                try:
                    self.text += os.read(self.fd, 65536).decode()
                except OSError:  # the program is gone
                    break
        seen, self.text = self.text[:found.end()], self.text[found.end():]
        return seen

    def send(self, text):
        os.write(self.fd, text.encode())

    def leave(self):
        """Ends the shell with Ctrl-D and returns its exit code. A key that comes while the line editor is still
        switching the terminal's mode lands in the line as text, so a person's pause is imitated, and Ctrl-C
        drops what went wrong."""
        for _ in range(10):
            time.sleep(0.5)
            self.send("\x04")
            if (code := self.poll(1)) is not None:
                return code
            self.send("\x03")
        return self.wait()

    def poll(self, seconds):
        """The exit code, or None when the program does not end in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    self.text += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:  # the program is gone
                    time.sleep(0.05)
        return None

    def wait(self, seconds=20):
        """The exit code; a program that does not end is killed and the test fails."""
        if (code := self.poll(seconds)) is not None:
            return code
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError(f"the shell did not end; it said {self.text!r}")


@pytest.fixture
def shell(program, tmp_path):
    terminal = Terminal(program, "sql", home=tmp_path)
    terminal.read_until(r"lance> ")
    yield terminal
    os.close(terminal.fd)


def test_statements_over_several_lines_and_dot_commands(shell, tmp_path):
    shell.send("SELECT 6 *\n")
    shell.read_until(r"\.\.> ")
    shell.send("7 AS answer;\n")
    assert "│     42 │" in shell.read_until(r"1 row")
    shell.send("CREATE TABLE things (a INT);\n.tables\n")
    assert "things" in shell.read_until(r"│ things │")
    shell.send(".mode csv\nSELECT ';' AS semicolon, 1;\n")
    shell.read_until(r"semicolon,1\s+;,1\s")
    shell.send("SELEC;\n")
    shell.read_until(r"error: SQL: syntax error")
    shell.send(".nonsense\n")
    shell.read_until(r"\.help")
    shell.read_until(r"lance> ")
    shell.send(".quit\n")
    assert shell.wait() == 0
    history = (tmp_path / ".lance_history").read_text()
    assert "answer" in history.replace("\\040", " ")


def test_interrupt_stops_a_statement_and_the_shell_goes_on(shell):
    shell.send("SELECT count(*) FROM range(100000000000) a, range(1000) b;\n")
    time.sleep(1)
    shell.send("\x03")
    shell.read_until(r"error: .*nterrupt")
    shell.send("SELECT 40 + 2 AS alive;\n")
    shell.read_until(r"│    42 │")
    shell.read_until(r"lance> ")
    assert shell.leave() == 0


def test_tables_fit_the_terminal_and_limit_their_rows(program, run, pair, tmp_path):
    terminal = Terminal(program, "scan", pair.lance, "--max-rows", "5", home=tmp_path)
    text = terminal.read_until(r"first 5 rows.*\n")
    terminal.wait()
    assert max(len(line.rstrip()) for line in text.splitlines() if line.startswith("│")) <= 100
    terminal = Terminal(program, "scan", pair.lance, "-F", "parquet", home=tmp_path)
    assert "terminal" in terminal.read_until(r"error: .*\n")
    assert terminal.wait() == 1
