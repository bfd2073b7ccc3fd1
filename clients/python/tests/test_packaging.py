"""What users install: the wheel, the sdist, and the types in them."""

import ast
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest
import venv
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


class Packaging(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="ringcast-python-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.path = pathlib.Path(cls.folder.name)
        # The wheel is built from the sdist.
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", cls.path / "dist", ROOT)
        cls.wheel, = (cls.path / "dist").glob("*.whl")
        cls.sdist, = (cls.path / "dist").glob("*.tar.gz")

    def test_the_wheel_has_both_modules_and_the_marker_of_types(self):
        with zipfile.ZipFile(self.wheel) as wheel:
            names = set(wheel.namelist())
        self.assertLessEqual({"ringcast/__init__.py", "ringcast/py.typed", "ringcast_micro.py"}, names)
        self.assertEqual({"ringcast", "ringcast_micro.py", self.wheel.name[:-len("-py3-none-any.whl")] + ".dist-info"},
                         {name.partition("/")[0] for name in names})

    def test_the_sdist_has_what_the_wheel_is_made_of(self):
        with tarfile.open(self.sdist) as sdist:
            names = {name.partition("/")[2] for name in sdist.getnames()}
        self.assertLessEqual({"pyproject.toml", "README.md", "src/ringcast/py.typed", "src/ringcast_micro.py"}, names)

    def test_a_program_that_uses_the_installed_wheel_is_checked_with_its_types(self):
        venv.create(self.path / "venv", with_pip=True)
        python = self.path / "venv" / "bin" / "python"
        run(python, "-m", "pip", "install", "--quiet", self.wheel)
        version = run(python, "-c", "import ringcast, ringcast_micro; print(ringcast.__version__)").strip()
        self.assertIn(f"-{version}-", self.wheel.name)
        program = self.path / "program.py"
        for line, is_good in (("published: ringcast.Published = client.publish('t', {'a': [1]})", True),
                              ("published: str = client.publish('t', 'x')", False), ("client.publish('t')", False)):
            program.write_text(f"import ringcast\nclient = ringcast.Client()\n{line}\n", encoding="utf-8")
            checked = subprocess.run(
                [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(self.path / "cache"),
                 "--python-executable", str(python), str(program)], capture_output=True, text=True, check=False)
            self.assertEqual(is_good, checked.returncode == 0, checked.stdout)

    def test_mypy_has_nothing_to_say_in_its_strictest_mode(self):
        run(sys.executable, "-m", "mypy", "--strict", "--cache-dir", self.path / "cache", ROOT / "src" / "ringcast")

    def test_every_source_is_python_3_8(self):
        self.assertGreater(len(SOURCES), 10)
        for source in SOURCES:
            ast.parse(source.read_text(encoding="utf-8"), str(source), feature_version=(3, 8))


if __name__ == "__main__":
    unittest.main()
