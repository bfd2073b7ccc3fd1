"""Where journals of the benchmark lie: on the disk of the build folder, which may be made slow to sync."""

import os
import pathlib
import shutil
import struct
import tempfile

from processes import RELEASE, ROOT

FOLDER = ROOT / "build" / "bench"
SHIM = RELEASE / "libdisk_shim.so"  # tests/faults.
_CONTROL = struct.Struct("<QqQQQ")  # struct Control in tests/faults/control.h.
_IN_MEMORY = ("tmpfs", "ramfs")


def file_system(path, mounts):
    """The kind of the one that has an absolute path. `mounts`: the text of /proc/mounts."""
    kind, longest = "", -1
    for line in mounts.splitlines():
        point, found = (field.replace("\\040", " ") for field in line.split()[1:3])
        if pathlib.PurePath(path).is_relative_to(point) and len(point) >= longest:
            kind, longest = found, len(point)
    return kind


def missing():
    """None, or why a journal cannot be measured here."""
    kind = file_system(FOLDER.absolute(), pathlib.Path("/proc/mounts").read_text(encoding="utf-8"))
    return f"the build folder is in memory ({kind}), not on a disk" if kind in _IN_MEMORY else None


def folder_for(running):
    """An empty one, which goes with the server."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = tempfile.mkdtemp(prefix="journal-", dir=FOLDER)
    running.at_close.append(lambda: shutil.rmtree(made, ignore_errors=True))
    return made


def slow(running, folder, delay_us):
    """The environment of a process for which each sync in `folder` takes so much longer."""
    shadow, control = (running.folder / name for name in ("shadow", "control"))
    shadow.mkdir()  # The shim only knows files of which it keeps a shadow.
    control.write_bytes(_CONTROL.pack(0, -1, delay_us, 0, 0))
    return {"LD_PRELOAD": os.fspath(SHIM), "DISK_SHIM_DIR": folder, "DISK_SHIM_SHADOW": os.fspath(shadow),
            "DISK_SHIM_CONTROL": os.fspath(control)}
