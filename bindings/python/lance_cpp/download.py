"""Where language models of the text tokenizers are kept."""

from lance_cpp._unsupported import INDEXES, not_yet
from lance_cpp.lance import language_model_home

LANGUAGE_MODEL_HOME = language_model_home()


@not_yet(INDEXES)
def download_jieba():
    """Downloads the jieba dictionary."""


@not_yet(INDEXES)
def download_lindera(lm):
    """Downloads a lindera dictionary."""
