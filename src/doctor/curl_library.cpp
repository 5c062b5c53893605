#include "doctor/curl_library.hpp"

#include <dlfcn.h>

namespace moorgate::doctor {

Result<std::unique_ptr<CurlLibrary>> CurlLibrary::load() {
  void* object = nullptr;
  for (const char* name : {"libcurl.so.4", "libcurl-gnutls.so.4"}) {
    if (object == nullptr) object = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
  }
  if (object == nullptr) {
    return failure(Code::unavailable,
                   "libcurl.so.4 is not installed; install the package libcurl4");
  }
  std::unique_ptr<CurlLibrary> library(new CurlLibrary(object));
  if (!library->find_all() || !library->start()) {
    return failure(Code::unavailable, "this libcurl is too old; version 7.85 or newer is needed");
  }
  return library;
}

// The object stays loaded: libcurl's own libraries leave handlers behind for the end of the
// process.
CurlLibrary::~CurlLibrary() {
  if (multi != nullptr) multi_cleanup_(multi);
}

bool CurlLibrary::start() {
  if (global_init_(CURL_GLOBAL_DEFAULT) != CURLE_OK) return false;
  multi = multi_init_();
  return multi != nullptr;
}

template <class Function>
bool CurlLibrary::find(Function*& function, const char* name) {
  function = reinterpret_cast<Function*>(::dlsym(object_, name));
  return function != nullptr;
}

bool CurlLibrary::find_all() {
  return find(global_init_, "curl_global_init") && find(easy_init, "curl_easy_init") &&
         find(easy_cleanup, "curl_easy_cleanup") && find(easy_setopt, "curl_easy_setopt") &&
         find(easy_getinfo, "curl_easy_getinfo") && find(easy_pause, "curl_easy_pause") &&
         find(easy_strerror, "curl_easy_strerror") && find(slist_append, "curl_slist_append") &&
         find(slist_free_all, "curl_slist_free_all") && find(multi_init_, "curl_multi_init") &&
         find(multi_add, "curl_multi_add_handle") &&
         find(multi_remove, "curl_multi_remove_handle") &&
         find(multi_perform, "curl_multi_perform") && find(multi_poll, "curl_multi_poll") &&
         find(multi_read, "curl_multi_info_read") && find(multi_cleanup_, "curl_multi_cleanup");
}

}  // namespace moorgate::doctor
