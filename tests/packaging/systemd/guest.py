"""What the tests in the guest share: systemctl, the journal, files that are put back, and HTTP."""

import contextlib
import http.client
import json
import pathlib
import subprocess
import time

UNIT = "ringcastd.service"
SOCKET = "ringcastd.socket"
CONFIG = pathlib.Path("/etc/ringcast/ringcast.yaml")
DROP_INS = pathlib.Path(f"/run/systemd/system/{UNIT}.d")
ADDRESS = "127.0.0.1:8080"
PATIENCE = 30


def run(*command, check=True):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def systemctl(*arguments, check=True):
    return run("systemctl", "--no-ask-password", *arguments, check=check)


def shown(name, unit=UNIT):
    return systemctl("show", unit, "--value", f"--property={name}").stdout.strip()


def main_pid():
    return int(shown("MainPID"))


def wait_until(holds, what, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def cursor():
    """Where the journal ends now."""
    run("journalctl", "--sync")
    return run("journalctl", "-n", "0", "--show-cursor").stdout.split("-- cursor: ")[1].strip()


def journal(since, unit=UNIT, **wanted):
    """What the service has written, and systemd about it, as dicts that have these fields."""
    run("journalctl", "--sync")
    # journalctl's own matches would skip the first line after the cursor.
    text = run("journalctl", "-o", "json", "--all", f"--after-cursor={since}").stdout
    lines = [json.loads(line) for line in text.splitlines()]
    return [line for line in lines
            if unit in (line.get("_SYSTEMD_UNIT"), line.get("UNIT")) and wanted.items() <= line.items()]


def configure(text):
    CONFIG.write_text(text, encoding="utf-8")


def drop_in(text, name="test.conf"):
    """For this boot, beside what the unit says."""
    DROP_INS.mkdir(parents=True, exist_ok=True)
    (DROP_INS / name).write_text(text, encoding="utf-8")
    systemctl("daemon-reload")


def no_drop_ins():
    for path in DROP_INS.glob("*.conf"):
        path.unlink()
    systemctl("daemon-reload")


def request(method, target, body=None, headers=None, address=ADDRESS, timeout=60):
    """One request on a connection of its own: status and body."""
    connection = http.client.HTTPConnection(address, timeout=timeout)
    try:
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def is_ready():
    try:
        return request("GET", "/readyz", timeout=5)[0] == 200
    except OSError:
        return False


@contextlib.contextmanager
def stream(target):
    """A subscription: its response, to be read line by line."""
    connection = http.client.HTTPConnection(ADDRESS, timeout=PATIENCE)
    connection.request("GET", target, headers={"Accept": "text/event-stream"})
    with connection.getresponse() as response:
        yield response
    connection.close()


def first_block(target):
    """What a subscriber gets at once."""
    lines = []
    with stream(target) as response:
        while (line := response.readline().decode().rstrip("\n")):
            lines.append(line)
    return lines
