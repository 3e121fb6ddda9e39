#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What of `sluice transform` needs a conversation: pipes, --watch, the repl, a terminal."""
import os
import pty
import select
import sys
import time

from harness import Folder, SLUICE, contains, equal

SCRIPT = """\
local function double(x) return x * 2 end

function transform(r)
  r.b = double(r.a)
  if r.b > 10 then return sluice.reject("too_big", "b is " .. r.b) end
  return r
end
"""
TEST = 'it("doubles", function() expect(transform({a = 2}).record.b):to_be(%d) end)\n'
CONFIG = "pipelines: {}\n"
DEADLINE = 60


def read_until(fd, wanted, text=b""):
    """Reads until the bytes are there."""
    end = time.monotonic() + DEADLINE
    while wanted not in text:
        assert time.monotonic() < end, "waited for %r, got %r" % (wanted, text)
        ready, _, _ = select.select([fd], [], [], 1)
        if ready:
            more = os.read(fd, 65536)
            assert more, "ended before %r: %r" % (wanted, text)
            text += more
    return text


def pipe():
    """Each line of a pipe is answered before the next one comes."""
    with Folder(CONFIG, {"t.lua": SCRIPT}) as folder:
        process = folder.start("transform", "run", "t.lua", "-", stdin=-1)
        for a in (1, 2):
            process.stdin.write(b'{"a":%d}\n' % a)
            process.stdin.flush()
            read_until(process.stdout.fileno(), b'"b":%d}\n' % (2 * a))
        process.stdin.write(b'{"a":6}')
        out, err = process.communicate(timeout=DEADLINE)
        equal((process.returncode, out), (1, b""), "end")
        equal(err, b'{"line":3,"code":"too_big","text":"b is 12"}\n', "stderr")


def watch():
    """--watch runs again after a save in place, after a rename, and for a new script."""
    with Folder(CONFIG, {"s/t.lua": SCRIPT, "s/t_test.lua": TEST % 4}) as folder:
        process = folder.start("transform", "test", "s", "--watch")
        out = process.stdout.fileno()
        read_until(out, b"1 passed, 0 failed")
        (folder.path / "s/t_test.lua").write_text(TEST % 5)
        read_until(out, b"0 passed, 1 failed")
        (folder.path / "s/.t.swp").write_text(TEST % 4)
        os.replace(folder.path / "s/.t.swp", folder.path / "s/t_test.lua")
        read_until(out, b"1 passed, 0 failed")
        (folder.path / "s/lib").mkdir()
        (folder.path / "s/new.lua").write_text(SCRIPT)
        read_until(out, b"1 script without tests")
        process.terminate()
        process.communicate(timeout=DEADLINE)


CONVERSATION = """\
:run
:next
double(r.a) + 1
r.a
r.a = 3; r.c = {}
:step


x
l
c
:show /a
:next
:relaod
:record {"a": 100}
:run
nothing.at.all
"""
ANSWERS = """\
line 1: {"a":1}
line 1: 1 change
  + /b  2
  = {"a":1,"b":2}
line 2: {"a":2,"s":"x"}
5
2
line 2: 2 changes
  ~ /a  2 -> 3
  + /c  {}
Enter: next line; c: run on; l: locals; a name (r.items[1]): its value
t.lua:4:   r.b = double(r.a)
t.lua:1: local function double(x) return x * 2 end
t.lua:5:   if r.b > 10 then return sluice.reject("too_big", "b is " .. r.b) end
  x = nil (there is no variable x here)
  r = {"a":3,"s":"x","c":{},"b":6}
line 2: 2 changes
  + /b  6
  + /c  {}
3
error: in.jsonl has no more records
error: there is no command :relaod; did you mean :reload?
rejected too_big: b is 200
"""


def repl():
    """The repl on a pipe: what each command answers."""
    records = '{"a":1}\n{"a":2,"s":"x"}\n'
    with Folder(CONFIG, {"t.lua": SCRIPT, "in.jsonl": records}) as folder:
        process = folder.start("transform", "repl", "t.lua", "in.jsonl", stdin=-1)
        out, err = process.communicate(CONVERSATION.encode(), timeout=DEADLINE)
        lines = out.decode().splitlines()
        expected = ANSWERS.splitlines()
        for line in expected:
            contains(out.decode(), line, "repl")
        contains(lines[-1], "error: t.lua", "last line")
        equal((process.returncode, err), (1, b""), "end")


def reload():
    """:reload takes the new text; a broken one leaves the old in use."""
    with Folder(CONFIG, {"t.lua": SCRIPT}) as folder:
        process = folder.start("transform", "repl", "t.lua", stdin=-1)

        def say(text, wanted):
            process.stdin.write(text.encode() + b"\n")
            process.stdin.flush()
            read_until(process.stdout.fileno(), wanted)
        say(':record {"a": 1}', b"")
        say(":run", b'{"a": 1,"b":2}')
        (folder.path / "t.lua").write_text(SCRIPT.replace("* 2", "* 3"))
        say(":reload", b"loaded t.lua")
        say(":run", b'"b":3}')
        (folder.path / "t.lua").write_text("function transform(")
        say(":reload", b"stays in use")
        say(":run", b'"b":3}')
        process.communicate(timeout=DEADLINE)


def terminal():
    """On a terminal: colours, arrows, completion, history; none of the colours with NO_COLOR."""
    with Folder(CONFIG, {"t.lua": SCRIPT, "t_test.lua": TEST % 5,
                         "in.jsonl": '{"a":1,"address":{"street":"x"}}\n'}) as folder:
        def run(*arguments, no_color=False):
            pid, fd = pty.fork()
            if pid == 0:
                os.chdir(folder.path)
                os.environ.update(HOME=str(folder.path), TERM="xterm")
                os.environ.pop("NO_COLOR", None)
                if no_color:
                    os.environ["NO_COLOR"] = "1"
                os.execv(SLUICE, [SLUICE, "transform", *arguments])
            return pid, fd
        pid, fd = run("test", "t.lua")
        contains(read_until(fd, b"failed").decode(), "\x1b[31mFAIL", "colour")
        os.waitpid(pid, 0)
        pid, fd = run("test", "t.lua", no_color=True)
        assert b"\x1b[3" not in read_until(fd, b"1 failed"), "colour with NO_COLOR"
        os.waitpid(pid, 0)
        pid, fd = run("repl", "t.lua", "in.jsonl")
        # What is typed before the prompt is there is the line discipline's, which reads \x04.
        prompt = b"\r\n\r\x1b[Kt> "
        read_until(fd, b"\x1b[Kt> ")
        os.write(fd, b"r.addr\t\r")
        read_until(fd, b'{"street":"x"}' + prompt)
        os.write(fd, b"r.address.st\t\r")
        read_until(fd, b'"x"' + prompt)
        os.write(fd, b"r.a + 2\x1b[D9\r")  # the cursor one to the left: 92
        read_until(fd, b"93" + prompt)
        os.write(fd, b"\x1b[A\r")  # the line before
        read_until(fd, b"93" + prompt)
        os.write(fd, b"\x04")
        equal(os.waitpid(pid, 0)[1], 0, "exit")
        contains((folder.path / ".sluice_repl_history").read_text(), "r.a + 92\n", "history")


if __name__ == "__main__":
    for test in (pipe, watch, repl, reload, terminal):
        test()
        print("ok", test.__doc__, flush=True)
    sys.exit(0)
