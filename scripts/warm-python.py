# A Python that has already imported torch and transformers, for the tests that compare with them. The imports take several
# seconds; a program that it runs starts in a few milliseconds. It knows nothing of the tests.
#   server: PYTHON warm-python.py serve SOCKET    until its standard input ends
#   client: PYTHON -IS warm-python.py SOCKET -c PROGRAM [argument ...]    as if it were PYTHON -c PROGRAM [argument ...]
# Each program runs in a fork of the server, with the client's environment, working folder and standard streams.

import json
import os
import select
import signal
import socket
import sys


def run(connection, message, streams):
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.environ.clear()
    os.environ.update(message["env"])
    os.chdir(message["folder"])
    sys.argv = ["-c", *message["arguments"]]
    status = 0
    try:
        exec(message["program"], {"__name__": "__main__"})
    except SystemExit as exit:
        status = exit.code if isinstance(exit.code, int) else 0 if exit.code is None else 1
    except BaseException:
        import traceback

        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(bytes([status]))
    os._exit(0)


def received(connection):
    head, streams, _, _ = socket.recv_fds(connection, 1 << 16, 3)
    parts = [head]
    while part := connection.recv(1 << 16):
        parts.append(part)
    return json.loads(b"".join(parts)), streams


def serve(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    import torch  # noqa: F401
    from transformers import AutoConfig, AutoTokenizer, GPT2LMHeadModel, GPT2TokenizerFast, LogitsProcessorList  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while sys.stdin not in (ready := select.select([listener, sys.stdin], [], [])[0]):
        if listener not in ready:
            continue
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            run(connection, *received(connection))
        connection.close()


def ask(path, arguments):
    program = arguments[1] if arguments[:1] == ["-c"] else ""
    connection = socket.socket(socket.AF_UNIX)
    # The environment of a program that does not need transformers may concern modules that the server has imported.
    if "import torch" not in program and "from transformers" not in program or connection.connect_ex(path) != 0:
        os.execv(sys.executable, [sys.executable, *arguments])
    message = {"program": program, "arguments": arguments[2:], "env": dict(os.environ), "folder": os.getcwd()}
    data = json.dumps(message).encode()
    sent = socket.send_fds(connection, [data], [0, 1, 2])
    connection.sendall(data[sent:])
    connection.shutdown(socket.SHUT_WR)
    status = connection.recv(1)
    sys.exit(status[0] if status else "the program has ended without an exit status")


if sys.argv[1] == "serve":
    serve(sys.argv[2])
else:
    ask(sys.argv[1], sys.argv[2:])
