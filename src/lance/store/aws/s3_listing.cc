#include "lance/store/aws/s3_listing.h"

#include <charconv>

#include "lance/store/aws/times.h"
#include "lance/store/aws/xml.h"

namespace lance::store {

Result<S3Listing> ParseS3Listing(std::string_view text) {
  ARROW_ASSIGN_OR_RAISE(XmlElement root, ParseXml(text));
  LANCE_CHECK_BYTES(root.name == "ListBucketResult", "a listing begins with <{}>", root.name);
  S3Listing out;
  for (XmlElement& element : root.children) {
    if (element.name == "Contents") {
      ObjectInfo object;
      object.path = std::string(element.TextOf("Key"));
      LANCE_CHECK_BYTES(!object.path.empty(), "a listing names an object without a key");
      const std::string_view size = element.TextOf("Size");
      const auto [stop, error] = std::from_chars(size.data(), size.data() + size.size(), object.size);
      LANCE_CHECK_BYTES(error == std::errc() && stop == size.data() + size.size(),
                        "a listing says that {} has '{}' bytes", object.path, size);
      const auto modified = ParseIsoTime(element.TextOf("LastModified"));
      LANCE_CHECK_BYTES(modified.has_value(), "a listing says that {} was modified at '{}'", object.path,
                        element.TextOf("LastModified"));
      object.modified = *modified;
      out.objects.push_back(std::move(object));
    } else if (element.name == "CommonPrefixes") {
      out.prefixes.emplace_back(element.TextOf("Prefix"));
    }
  }
  if (root.TextOf("IsTruncated") == "true") {
    out.next = std::string(root.TextOf("NextContinuationToken"));
    LANCE_CHECK_BYTES(!out.next.empty(), "a truncated listing does not say where it goes on");
  }
  return out;
}

}  // namespace lance::store
