#include <cstdlib>

#include "lance/store/aws/aws_client.h"
#include "lance/store/aws/s3_listing.h"
#include "lance/store/aws/times.h"
#include "lance/store/aws/xml.h"

// What servers answer: listings, errors, credentials, times.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto xml = lance::store::ParseXml(text); xml.ok() && xml->name.find(':') != std::string::npos)
    std::abort();
  if (auto listing = lance::store::ParseS3Listing(text); listing.ok()) {
    for (const auto& object : listing->objects) {
      if (object.path.empty()) std::abort();
    }
  }
  (void)lance::store::ParseCredentialsJson(text);
  (void)lance::store::ParseCredentialsXml(text);
  (void)lance::store::ParseIsoTime(text);
  (void)lance::store::ParseHttpTime(text);
  lance::store::HttpResponse response;
  response.status = 400;
  response.body = std::string(text);
  if (lance::store::ErrorOf(response, "fuzz").ok()) std::abort();
  return 0;
}
