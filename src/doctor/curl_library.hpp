#pragma once

#include <curl/curl.h>

#include <memory>

#include "base/error.hpp"

namespace moorgate::doctor {

/// libcurl's functions, found by name in the library that `load` brings into the process. Linking
/// it would cost every `serve` 1.4 MiB of resident memory for libraries that it never calls.
/// Private to this folder's sources, and the only file that names libcurl's header.
class CurlLibrary {
 public:
  /// `unavailable` says which package to install.
  static Result<std::unique_ptr<CurlLibrary>> load();
  ~CurlLibrary();
  CurlLibrary(const CurlLibrary&) = delete;
  CurlLibrary& operator=(const CurlLibrary&) = delete;

  decltype(::curl_easy_init)* easy_init = nullptr;
  decltype(::curl_easy_cleanup)* easy_cleanup = nullptr;
  decltype(::curl_easy_setopt)* easy_setopt = nullptr;
  decltype(::curl_easy_getinfo)* easy_getinfo = nullptr;
  decltype(::curl_easy_pause)* easy_pause = nullptr;
  decltype(::curl_easy_strerror)* easy_strerror = nullptr;
  decltype(::curl_slist_append)* slist_append = nullptr;
  decltype(::curl_slist_free_all)* slist_free_all = nullptr;
  decltype(::curl_multi_add_handle)* multi_add = nullptr;
  decltype(::curl_multi_remove_handle)* multi_remove = nullptr;
  decltype(::curl_multi_perform)* multi_perform = nullptr;
  decltype(::curl_multi_poll)* multi_poll = nullptr;
  decltype(::curl_multi_info_read)* multi_read = nullptr;
  /// Keeps connections from one transfer to the next.
  CURLM* multi = nullptr;

 private:
  explicit CurlLibrary(void* object) : object_(object) {}
  template <class Function>
  bool find(Function*& function, const char* name);
  bool find_all();
  bool start();

  void* object_;
  decltype(::curl_global_init)* global_init_ = nullptr;
  decltype(::curl_multi_init)* multi_init_ = nullptr;
  decltype(::curl_multi_cleanup)* multi_cleanup_ = nullptr;
};

}  // namespace moorgate::doctor
