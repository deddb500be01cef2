"""The parts behind ``lance_cpp.dataset``."""
