"""An S3 and DynamoDB server for tests: moto behind a layer that counts requests, checks their signatures with botocore,
lets one write in at a time (moto's conditional writes are not atomic by themselves) and fails on demand."""

import hashlib
import io
import re
import socket
import threading
import time
from urllib.parse import urlsplit

import boto3
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

KEY, SECRET = "testing", "top/secret+key"


class Dropped(Exception):
    pass


class Server:
    """`faults` are callables (method, path, query) -> None or one of: "drop" (the connection breaks before the request
    had its effect), "drop after", "stall after" (the answer comes after 5 s), a status ("503"), "503 after", "409"."""

    def __init__(self):
        self.app = DomainDispatcherApplication(create_backend_app)
        self.lock = threading.Lock()
        self.requests = []
        self.bad_signatures = []
        self.fault = None
        self.server = make_server("127.0.0.1", 0, self.handle, threaded=True)
        self.server.RequestHandlerClass.protocol_version = "HTTP/1.1"
        self.server.RequestHandlerClass.log_request = lambda *args: None
        self.server.log = lambda *args: None  # of connections that were broken on purpose
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"

    def stop(self):
        self.server.shutdown()
        self.thread.join()

    @property
    def options(self):
        return {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "aws_region": "us-east-1", "allow_http": "true",
                "aws_endpoint": self.endpoint, "dynamodb_endpoint": self.endpoint}

    def client(self, service="s3"):
        return boto3.client(service, endpoint_url=self.endpoint, region_name="us-east-1", aws_access_key_id=KEY,
                            aws_secret_access_key=SECRET)

    def keys(self, bucket, prefix=""):
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def make_dynamo_table(self, name):
        self.client("dynamodb").create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "base_uri", "KeyType": "HASH"}, {"AttributeName": "version", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": "base_uri", "AttributeType": "S"},
                                  {"AttributeName": "version", "AttributeType": "N"}])

    def counted(self, action):
        """What `action` returns, and the requests it made, as "METHOD path"."""
        before = len(self.requests)
        result = action()
        return result, [f"{method} {path}" for method, path, _ in self.requests[before:]]

    def handle(self, environ, start_response):
        method, url = environ["REQUEST_METHOD"], urlsplit(environ.get("RAW_URI", environ["PATH_INFO"]))
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        path = environ.get("HTTP_X_AMZ_TARGET", url.path)
        self.requests.append((method, path, url.query))
        if not self.signature_is_right(environ, method, url, body):
            self.bad_signatures.append(f"{method} {path}?{url.query}")
        fault = self.fault(method, path, url.query) if self.fault else None
        if fault == "drop":
            self.hang_up(environ)
        if fault is not None and fault.isdigit():
            codes = {"409": "ConditionalRequestConflict", "503": "SlowDown"}
            text = f"<Error><Code>{codes.get(fault, 'InternalError')}</Code><Message>asked for</Message></Error>".encode()
            start_response(f"{fault} Fault", [("Content-Length", str(len(text)))])
            return [text]
        if method in ("GET", "HEAD"):
            answer = self.app(environ, start_response)
            return answer
        answered = []
        with self.lock:
            chunks = list(self.app(environ, lambda status, headers, *rest: answered.append((status, headers))))
        if fault == "drop after":
            self.hang_up(environ)
        if fault == "stall after":
            time.sleep(5)
        if fault == "500 after":
            start_response("500 Fault", [("Content-Length", "0")])
            return [b""]
        start_response(*answered[-1])
        return chunks

    def hang_up(self, environ):
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        raise Dropped

    def signature_is_right(self, environ, method, url, body):
        text = environ.get("HTTP_AUTHORIZATION", "")
        match = re.search(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request,\s*SignedHeaders=([^,]+),\s*Signature=(\w+)", text)
        if match is None:
            return text == ""
        region, service, signed, signature = match.groups()
        headers = {}
        for name in signed.split(";"):
            variable = name.upper().replace("-", "_")
            headers[name] = environ.get(variable if name in ("content-type", "content-length") else "HTTP_" + variable, "")
        auth = (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials(KEY, SECRET), service, region)
        request = AWSRequest(method=method, url=f"http://{headers['host']}{url.path}" + (f"?{url.query}" if url.query else ""),
                             data=body, headers=headers)
        request.context["timestamp"] = headers.get("x-amz-date")
        auth.headers_to_sign = lambda _: HTTPHeaders.from_dict(headers)
        auth.payload = lambda _: headers.get("x-amz-content-sha256") or hashlib.sha256(body).hexdigest()
        wanted = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        return wanted == signature
