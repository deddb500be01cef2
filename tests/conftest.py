import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "interop"))

# Both packages register the Arrow extension lance.bfloat16: ours yields to whoever came first, the reference does not.
import lance.arrow  # noqa: E402,F401

try:
    import lance_cpp  # noqa: F401  (installed in .venv by the set-up; a plain checkout finds the build)
except ImportError:
    sys.path.insert(0, str(ROOT / "build" / "release" / "python"))
