import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "interop"))

try:
    import lance_cpp  # noqa: F401  (installed in .venv by the set-up; a plain checkout finds the build)
except ImportError:
    sys.path.insert(0, str(ROOT / "build" / "release" / "python"))
