"""A bad disk under a process: power cuts, full disks and errors, played by tests/faults/disk_shim.cc.

A `Disk` has a folder for the process's files, and beside it what the shim notes about them. After the
process was killed, `cut()` turns the folder into what a power cut might have left.
"""

import dataclasses
import mmap
import os
import pathlib
import random
import shutil
import struct
import tempfile

from harness.daemon import ROOT

ENOSPC = 1
EIO_WRITE = 2
EIO_SYNC = 4

SECTOR = 512
# What becomes of the writes that were not synced.
KINDS = ("none", "all", "prefix", "random", "torn")

_CONTROL = struct.Struct("<QqQQQ")  # struct Control in tests/faults/control.h.
_LOG_HEADER = struct.Struct("<Q")   # See tests/faults/shadow_file.h.
_RECORD = struct.Struct("<IIQ")
_WRITE, _TRUNCATE = 1, 2


def library():
    """The shim: $RINGCAST_DISK_SHIM, else the one of the release build."""
    return os.environ.get("RINGCAST_DISK_SHIM", str(ROOT / "build" / "release" / "libdisk_shim.so"))


@dataclasses.dataclass(frozen=True)
class Write:
    offset: int
    data: bytes

    def apply(self, content):
        if len(content) < self.offset:
            content.extend(bytes(self.offset - len(content)))
        content[self.offset:self.offset + len(self.data)] = self.data

    def torn(self, chance):
        """Only some of the sectors that it touches, in one piece; maybe all or nothing."""
        end = self.offset + len(self.data)
        borders = [self.offset, *range(self.offset // SECTOR * SECTOR + SECTOR, end, SECTOR), end]
        first, last = sorted(chance.choices(borders, k=2))
        if chance.random() < 0.7:
            first = self.offset  # Mostly the front arrives.
        return Write(first, self.data[first - self.offset:last - self.offset])


@dataclasses.dataclass(frozen=True)
class Truncate:
    size: int

    def apply(self, content):
        del content[self.size:]
        content.extend(bytes(self.size - len(content)))

    def torn(self, chance):
        return self


def pending(log):
    """The operations in a log of the shim that a power cut may lose."""
    if len(log) < _LOG_HEADER.size:
        return []
    at, found = _LOG_HEADER.unpack_from(log)[0], []
    while at + _RECORD.size <= len(log):
        kind, size, offset = _RECORD.unpack_from(log, at)
        begin = at + _RECORD.size
        if begin + size > len(log):
            break  # The process was killed before it was complete, so before the write.
        assert kind in (_WRITE, _TRUNCATE), f"kind {kind} at {at}"
        found.append(Write(offset, log[begin:begin + size]) if kind == _WRITE else Truncate(offset))
        at = begin + size
    return found


def surviving(operations, kind, chance):
    """Those of the pending operations that reached the disk, perhaps in part."""
    if kind == "none":
        return []
    if kind == "all":
        return operations
    if kind == "prefix":
        return operations[:chance.randint(0, len(operations))]
    share = chance.random()
    chosen = [each for each in operations if chance.random() < share]
    if kind == "random":
        return chosen
    assert kind == "torn", kind
    return [each.torn(chance) if chance.random() < 0.5 else each for each in chosen]


class Disk:
    """Close it, or use it as a context manager: it removes what it made."""

    def __init__(self):
        assert pathlib.Path(library()).is_file(), f"no {library()}: build the target disk_shim"
        self._root = pathlib.Path(tempfile.mkdtemp(prefix="ringcast-disk-"))
        self.folder = self._root / "files"
        self._shadow = self._root / "shadow"
        self.folder.mkdir()
        self._shadow.mkdir()
        control = self._root / "control"
        control.write_bytes(_CONTROL.pack(0, -1, 0, 0, 0))
        with control.open("r+b") as file:
            self._control = mmap.mmap(file.fileno(), _CONTROL.size)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._control.close()
        shutil.rmtree(self._root, ignore_errors=True)

    def environment(self):
        """What to start the process with."""
        return {"LD_PRELOAD": library(), "DISK_SHIM_DIR": str(self.folder),
                "DISK_SHIM_SHADOW": str(self._shadow), "DISK_SHIM_CONTROL": str(self._root / "control")}

    def _field(self, number, value=None, form="<Q"):
        """One aligned field at a time, because the process reads and writes the others meanwhile."""
        if value is not None:
            self._control[8 * number:8 * number + 8] = struct.pack(form, value)
        return struct.unpack_from(form, self._control, 8 * number)[0]

    def switch_on(self, fault, nth=None):
        """From now on such calls fail; with `nth` only the n-th of them."""
        self.switch_off()
        self._field(1, -1 if nth is None else nth, "<q")
        self._field(0, fault)

    def switch_off(self):
        self._field(0, 0)

    def delay_syncs(self, microseconds):
        self._field(2, microseconds)

    @property
    def failed(self):
        """Calls that a fault has hit so far."""
        return self._field(3)

    @property
    def syncs(self):
        return self._field(4)

    def pending_bytes(self):
        """How much the shim has noted that a power cut may lose."""
        return sum(path.stat().st_size for path in self._shadow.glob("*.log"))

    def copy(self):
        """Another disk with the same files in the same state, for another way to cut."""
        twin = Disk()
        shutil.copytree(self.folder, twin.folder, dirs_exist_ok=True)
        shutil.copytree(self._shadow, twin._shadow, dirs_exist_ok=True)
        return twin

    def cut(self, kind, seed):
        """The power cut: rewrites the files, in place, as they may be when the machine is back.

        Only after the process has ended. Returns how many operations were lost, at least in part.
        """
        chance, lost = random.Random(f"{kind}-{seed}"), 0
        for path in sorted(self.folder.glob("*-shm")):
            path.unlink()
        for durable in sorted(self._shadow.glob("*.durable")):
            log = durable.with_suffix(".log")
            operations = pending(log.read_bytes() if log.exists() else b"")
            kept = surviving(operations, kind, chance)
            lost += len(operations) - sum(each in kept for each in operations)
            content = bytearray(durable.read_bytes())
            for each in kept:
                each.apply(content)
            rewrite(self.folder / durable.stem, content)
        for path in self._shadow.iterdir():
            path.unlink()
        return lost


def rewrite(path, content):
    """New content for a file that stays the same to those who look at its inode."""
    if not path.exists():
        return  # Removed past the shim.
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()
