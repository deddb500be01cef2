"""Object store names, for annotations."""

from lance_cpp._unsupported import missing_class

_WHY = "object stores are chosen by URI and storage options"
ObjectStoreProvider = missing_class("ObjectStoreProvider", __name__, _WHY)
ObjectStoreRegistry = missing_class("ObjectStoreRegistry", __name__, _WHY)
