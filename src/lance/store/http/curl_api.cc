#include "lance/store/http/curl_api.h"

#include <dlfcn.h>

namespace lance::store {
namespace {

struct Loaded {
  CurlApi api;
  Status status;
};

template <typename Function>
void Find(void* library, const char* name, Function* out, Status* status) {
  *out = reinterpret_cast<Function>(dlsym(library, name));
  if (*out == nullptr && status->ok()) {
    *status = NotSupported("libcurl has no {}: remote object stores need version 7.66 or newer", name);
  }
}

Loaded Load() {
  Loaded out;
  void* library = nullptr;
  // OpenSSL's flavour first; GnuTLS's is what git brings along.
  for (const char* name : {"libcurl.so.4", "libcurl-gnutls.so.4"}) {
    library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr) break;
  }
  if (library == nullptr) {
    out.status = NotSupported(
        "s3:// needs libcurl, which is not installed (Debian and Ubuntu: libcurl4, Fedora: libcurl, Alpine: "
        "libcurl)");
    return out;
  }
  decltype(&::curl_global_init) global_init = nullptr;
  Find(library, "curl_global_init", &global_init, &out.status);
  CurlApi& api = out.api;
  Find(library, "curl_easy_init", &api.easy_init, &out.status);
  Find(library, "curl_easy_cleanup", &api.easy_cleanup, &out.status);
  Find(library, "curl_easy_setopt", &api.easy_setopt, &out.status);
  Find(library, "curl_easy_getinfo", &api.easy_getinfo, &out.status);
  Find(library, "curl_easy_strerror", &api.easy_strerror, &out.status);
  Find(library, "curl_multi_init", &api.multi_init, &out.status);
  Find(library, "curl_multi_cleanup", &api.multi_cleanup, &out.status);
  Find(library, "curl_multi_setopt", &api.multi_setopt, &out.status);
  Find(library, "curl_multi_add_handle", &api.multi_add_handle, &out.status);
  Find(library, "curl_multi_remove_handle", &api.multi_remove_handle, &out.status);
  Find(library, "curl_multi_perform", &api.multi_perform, &out.status);
  Find(library, "curl_multi_poll", &api.multi_poll, &out.status);
  Find(library, "curl_multi_info_read", &api.multi_info_read, &out.status);
  Find(library, "curl_multi_strerror", &api.multi_strerror, &out.status);
  Find(library, "curl_slist_append", &api.slist_append, &out.status);
  Find(library, "curl_slist_free_all", &api.slist_free_all, &out.status);
  if (out.status.ok() && global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    out.status = IOError("libcurl could not be initialized");
  }
  return out;
}

}  // namespace

Result<const CurlApi*> LoadCurl() {
  static const Loaded* loaded = new Loaded(Load());  // never unloaded: threads may outlive main
  ARROW_RETURN_NOT_OK(loaded->status);
  return &loaded->api;
}

}  // namespace lance::store
