#include <gtest/gtest.h>

#include "lance/store/aws/aws_client.h"
#include "lance/store/aws/config.h"
#include "lance/store/aws/s3_listing.h"
#include "lance/store/aws/sign.h"
#include "lance/store/aws/times.h"
#include "lance/store/aws/xml.h"

namespace lance::store {
namespace {

using std::chrono::sys_days;
using std::chrono::year;

const AwsCredentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};

std::string SignatureOf(const char* method, const char* path, const std::string& query, HttpHeaders headers,
                        std::string_view body) {
  const std::string hash = PayloadHash({reinterpret_cast<const uint8_t*>(body.data()), body.size()});
  SignRequest({method, path, query, "examplebucket.s3.amazonaws.com", hash, "s3", "us-east-1"}, kExample,
              sys_days(year(2013) / 5 / 24), &headers);
  const std::string& text = headers.back().second;
  return text.substr(text.rfind('=') + 1);
}

// "Signature calculations for the Authorization header", the examples of the Amazon S3 API reference.
TEST(AwsSignature, IsThatOfThePublishedExamples) {
  EXPECT_EQ(SignatureOf("GET", "/test.txt", "", {{"Range", "bytes=0-9"}}, ""),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(
      SignatureOf("PUT", "/test%24file.text", "",
                  {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                  "Welcome to Amazon S3."),
      "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  EXPECT_EQ(SignatureOf("GET", "/", EncodeQuery({{"lifecycle", ""}}), {}, ""),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(SignatureOf("GET", "/", EncodeQuery({{"prefix", "J"}, {"max-keys", "2"}}), {}, ""),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(AwsSignature, EncodesWhatIsNotPlain) {
  EXPECT_EQ(PercentEncode("a b/ä=~", true), "a%20b/%C3%A4%3D~");
  EXPECT_EQ(PercentEncode("a/b", false), "a%2Fb");
  EXPECT_EQ(EncodeQuery({{"b", "1 2"}, {"a", ""}}), "a=&b=1%202");
}

TEST(AwsSignature, CarriesTheTokenOfTemporaryKeys) {
  HttpHeaders headers;
  SignRequest({"GET", "/", "", "h", kUnsignedPayload, "s3", "eu-west-1"}, {"k", "s", "token"}, {}, &headers);
  EXPECT_NE(headers.back().second.find("host;x-amz-content-sha256;x-amz-date;x-amz-security-token"),
            std::string::npos);
}

TEST(AwsXml, IsReadWithEntitiesCommentsAndPrefixes) {
  auto xml = ParseXml(
      "<?xml version='1.0'?>\n<!-- c --><s:Root a='>' b=\"/>\"><Key>a&amp;b&#x20;&#228;<![CDATA[<c>]]></Key>"
      "<Empty/><!-- d --></s:Root>\n");
  ASSERT_TRUE(xml.ok()) << xml.status();
  EXPECT_EQ(xml->name, "Root");
  EXPECT_EQ(xml->TextOf("Key"), "a&b ä<c>");
  ASSERT_NE(xml->Find("Empty"), nullptr);
  EXPECT_EQ(xml->TextOf("Nothing"), "");
}

TEST(AwsXml, IsRefusedWhenBroken) {
  const std::string whole = "<a><b x='1'>t&lt;</b><!-- c --></a>";
  ASSERT_TRUE(ParseXml(whole).ok());
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_TRUE(Is(ParseXml(whole.substr(0, length)).status(), ErrorKind::kCorruption)) << length;
  }
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "<a>";
  for (const char* text :
       {"<a></b>", "<a>&nothing;</a>", "<a>&#xd800;</a>", "<a/><b/>", "<!DOCTYPE a><a/>", "< a/>"}) {
    EXPECT_TRUE(Is(ParseXml(text).status(), ErrorKind::kCorruption)) << text;
  }
  EXPECT_TRUE(Is(ParseXml(deep).status(), ErrorKind::kCorruption));
}

TEST(S3Listing, IsReadPageByPage) {
  auto page = ParseS3Listing(
      "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name><Prefix>t/</Prefix>"
      "<IsTruncated>true</IsTruncated><NextContinuationToken>tok</NextContinuationToken>"
      "<Contents><Key>t/a&amp;.lance</Key><LastModified>2009-10-12T17:50:30.250Z</LastModified><Size>434234</"
      "Size>"
      "</Contents><CommonPrefixes><Prefix>t/data/</Prefix></CommonPrefixes></ListBucketResult>");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->next, "tok");
  ASSERT_EQ(page->objects.size(), 1u);
  EXPECT_EQ(page->objects[0].path, "t/a&.lance");
  EXPECT_EQ(page->objects[0].size, 434234u);
  const auto seconds = sys_days(year(2009) / 10 / 12) + std::chrono::hours(17) + std::chrono::minutes(50) +
                       std::chrono::milliseconds(30'250);
  EXPECT_EQ(page->objects[0].modified, TimePoint(seconds));
  EXPECT_EQ(page->prefixes, std::vector<std::string>{"t/data/"});
  for (const char* broken :
       {"<Error/>", "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>1</Size><LastModified>x</LastModified></Contents></"
        "ListBucketResult>"}) {
    EXPECT_TRUE(Is(ParseS3Listing(broken).status(), ErrorKind::kCorruption)) << broken;
  }
}

TEST(AwsTimes, AreReadInBothForms) {
  const TimePoint expected =
      sys_days(year(2015) / 10 / 21) + std::chrono::hours(7) + std::chrono::minutes(28);
  EXPECT_EQ(ParseHttpTime("Wed, 21 Oct 2015 07:28:00 GMT"), expected);
  EXPECT_EQ(ParseIsoTime("2015-10-21T07:28:00Z"), expected);
  for (const char* broken : {"", "Wed, 21", "Wed, 21 Xxx 2015 07:28:00 GMT", "Wed, 31 Feb 2015 07:28:00 GMT",
                             "2015-13-01T00:00:00Z", "2015-10-21 07:28:00"}) {
    EXPECT_EQ(ParseHttpTime(broken), std::nullopt) << broken;
    EXPECT_EQ(ParseIsoTime(broken), std::nullopt) << broken;
  }
}

TEST(AwsConfigOptions, FollowTheNamesOfTheReference) {
  auto config = MakeAwsConfig({{"AWS_Region", "eu-west-1"},
                               {"endpoint_url", "http://localhost:9000/"},
                               {"aws_token", "t"},
                               {"access_key_id", "k"},
                               {"secret_access_key", "s"},
                               {"timeout", "1.5 s"},
                               {"client_max_retries", "2"},
                               {"aws_sse_kms_key_id", "key"},
                               {"somebody_elses", "x"}});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->region, "eu-west-1");
  EXPECT_EQ(config->credentials.given.token, "t");
  EXPECT_EQ(config->http.total_timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(config->max_retries, 2);
  ASSERT_EQ(config->put_headers.size(), 2u);
  EXPECT_EQ(config->put_headers[0].second, "aws:kms");
  auto endpoint = ParseEndpoint(config->s3_endpoint);
  ASSERT_TRUE(endpoint.ok());
  EXPECT_EQ(endpoint->scheme + " " + endpoint->host + " " + endpoint->path, "http localhost:9000 ");
}

TEST(AwsConfigOptions, AreRefusedWhenWrongOrMissing) {
  auto kind = [](const Options& options) { return KindOf(MakeAwsConfig(options).status()); };
  EXPECT_EQ(kind({{"timeout", "soon"}}), ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind({{"aws_skip_signature", "perhaps"}}), ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind({{"endpoint", "http://h"}, {"allow_http", "false"}}), ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind({{"aws_s3_express", "true"}}), ErrorKind::kNotSupported);
  EXPECT_EQ(kind({{"aws_conditional_put", "dynamodb:t"}}), ErrorKind::kNotSupported);
  EXPECT_EQ(kind({{"aws_sse_customer_key_base64", "abc"}}), ErrorKind::kNotSupported);
  for (const char* endpoint : {"ftp://h", "http://", "http://user@h", "http://h/?q"}) {
    EXPECT_TRUE(Is(ParseEndpoint(endpoint).status(), ErrorKind::kInvalidArgument)) << endpoint;
  }
}

TEST(AwsCredentialAnswers, AreReadAndChecked) {
  auto json = ParseCredentialsJson(
      R"({"Code":"Success","AccessKeyId":"k","SecretAccessKey":"s","Token":"t","Expiration":"2030-01-01T00:00:00Z"})");
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ(json->keys.key_id + json->keys.secret + json->keys.token, "kst");
  EXPECT_EQ(json->expires, TimePoint(sys_days(year(2030) / 1 / 1)));
  EXPECT_FALSE(ParseCredentialsJson(R"({"AccessKeyId":"k"})").ok());
  EXPECT_FALSE(ParseCredentialsJson(R"({"AccessKeyId":"k\r\nX: y","SecretAccessKey":"s"})").ok());
  auto xml = ParseCredentialsXml(
      "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><SessionToken>t</"
      "SessionToken>"
      "<SecretAccessKey>s</SecretAccessKey><Expiration>2030-01-01T00:00:00Z</Expiration><AccessKeyId>k</"
      "AccessKeyId>"
      "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>");
  ASSERT_TRUE(xml.ok()) << xml.status();
  EXPECT_EQ(xml->keys.key_id + xml->keys.secret + xml->keys.token, "kst");
}

TEST(AwsErrors, AreNamedByTheirCodes) {
  HttpResponse response;
  response.status = 404;
  response.body = "<?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>gone</Message></Error>";
  EXPECT_EQ(ErrorCode(response), "NoSuchKey");
  EXPECT_TRUE(Is(ErrorOf(response, "p"), ErrorKind::kNotFound));
  response.status = 400;
  response.body = R"({"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow"})";
  EXPECT_EQ(ErrorCode(response), "ThrottlingException");
  EXPECT_NE(ErrorOf(response, "p").message().find("slow"), std::string::npos);
  response.status = 501;
  EXPECT_TRUE(Is(ErrorOf(response, "p"), ErrorKind::kNotSupported));
}

}  // namespace
}  // namespace lance::store
