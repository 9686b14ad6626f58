#pragma once
// Typed forms of libcurl's variadic calls, which Swift cannot make.
#include <curl/curl.h>

typedef size_t (*aether_curl_data)(char *data, size_t size, size_t count, void *context);

CURLcode aether_curl_set_long(CURL *easy, CURLoption option, long value);
CURLcode aether_curl_set_offset(CURL *easy, CURLoption option, curl_off_t value);
CURLcode aether_curl_set_string(CURL *easy, CURLoption option, const char *value);
CURLcode aether_curl_set_pointer(CURL *easy, CURLoption option, void *value);
CURLcode aether_curl_set_data(CURL *easy, CURLoption option, aether_curl_data function);
// libcurl copies the bytes.
CURLcode aether_curl_set_blob(CURL *easy, CURLoption option, const void *bytes, size_t count);
CURLMcode aether_curl_multi_set_long(CURLM *multi, CURLMoption option, long value);
long aether_curl_get_long(CURL *easy, CURLINFO info);
curl_off_t aether_curl_get_offset(CURL *easy, CURLINFO info);
// The next transfer that has ended, or NULL.
CURL *aether_curl_multi_ended(CURLM *multi, CURLcode *result);
