#!/usr/bin/env python3
"""servers.py nginx|s3|flaky-s3|flaky FOLDER: a server on a port of 127.0.0.1 that gives the files of FOLDER.

Prints "port N" when it answers, and ends when its standard input does. "s3" is OpenStack Swift with
its S3 interface, bucket "bucket", key id "test:tester", secret "testing"; it checks signatures.
"flaky-s3" is the same behind a proxy that is told what to do (GET, KEY is a key of the bucket):
/-/put?key=KEY&from=NAME puts a file of FOLDER there; at the next request of a KEY it does what
/-/busy?key=KEY (503), /-/cut?key=KEY (half of what is left, then it hangs up) or
/-/swap?key=KEY&from=NAME (puts that file there first) said; each of them once.
"flaky" answers as its query says: ?busy=N the first N requests with 503, ?cut=N the first N with half of
what is left, then hangs up; ?change: each request another version of the file.
GET /log gives the requests so far, a line each (of the proxy: /-/log).
"""

import datetime
import hashlib
import hmac
import http.client
import http.server
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

RUNNING = []


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start(command, log):
    RUNNING.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log))


def wait_for(port):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if any(process.poll() is not None for process in RUNNING):
            sys.exit("a server ended by itself")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing answers on port {port}")


# ------------------------------------------------------------------------------------------ nginx


def nginx(files, work, log):
    (port,) = free_ports(1)
    (work / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {work}/pid; error_log stderr warn;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {work}/b; proxy_temp_path {work}/p; fastcgi_temp_path {work}/f;
  uwsgi_temp_path {work}/u; scgi_temp_path {work}/s;
  limit_req_zone $server_name zone=slow:64k rate=2r/s;
  server {{
    listen 127.0.0.1:{port}; root {files};
    location /limited/ {{ limit_req zone=slow; limit_req_status 503; alias {files}/; }}
    location /moved/ {{ rewrite ^/moved/(.*)$ /$1 redirect; }}
    location /secret/ {{ return 403; }}
  }}
}}
""")
    user = ["-g", "user root;"] if os.geteuid() == 0 else []
    start(["/usr/sbin/nginx", "-p", str(work), "-c", str(work / "nginx.conf"), *user], log)
    wait_for(port)
    return port


# --------------------------------------------------------------------------------------------- S3


def signed(method, port, path, body, key_id="test:tester", secret="testing"):
    """One request signed by AWS's version 4 (Source: AWS, "Signature Version 4 signing process")."""
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    digest = hashlib.sha256(body).hexdigest()
    host = f"127.0.0.1:{port}"
    quoted = urllib.parse.quote(path)
    names = "host;x-amz-content-sha256;x-amz-date"
    canonical = f"{method}\n{quoted}\n\nhost:{host}\nx-amz-content-sha256:{digest}\nx-amz-date:{stamp}\n\n{names}\n{digest}"
    scope = f"{day}/us-east-1/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = ("AWS4" + secret).encode()
    for part in (day, "us-east-1", "s3", "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, quoted, body, {
        "Host": host, "x-amz-content-sha256": digest, "x-amz-date": stamp,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={key.hex()}"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]}")


RINGS = """
import sys
from swift.common.ring import RingBuilder
folder, first = sys.argv[1], int(sys.argv[2])
for i, name in enumerate(("object", "container", "account")):
    builder = RingBuilder(4, 1, 1)
    builder.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(sys.argv[2 + i]),
                     "device": "disk", "weight": 1.0, "replication_ip": "127.0.0.1",
                     "replication_port": int(sys.argv[2 + i])})
    builder.rebalance()
    builder.get_ring().save(f"{folder}/{name}.ring.gz")
"""


def s3(files, work, log):
    ports = free_ports(4)
    (work / "disks" / "disk").mkdir(parents=True)
    (work / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = a\nswift_hash_path_prefix = b\n")
    subprocess.run(["/usr/bin/python3", "-c", RINGS, str(work), *map(str, ports)], check=True, stdout=log, stderr=log)
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    general = f"[DEFAULT]\nbind_ip = 127.0.0.1\nswift_dir = {work}\nworkers = 0\nuser = {user}\nlog_level = WARNING\n"
    for name, port in zip(("object", "container", "account"), ports):
        (work / f"{name}.conf").write_text(
            f"{general}bind_port = {port}\ndevices = {work}/disks\nmount_check = false\n"
            f"[pipeline:main]\npipeline = {name}-server\n[app:{name}-server]\nuse = egg:swift#{name}\n")
    (work / "proxy.conf").write_text(
        f"{general}bind_port = {ports[3]}\n[pipeline:main]\n"
        "pipeline = catch_errors proxy-logging cache s3api tempauth proxy-server\n"
        "[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n"
        "[filter:catch_errors]\nuse = egg:swift#catch_errors\n"
        "[filter:proxy-logging]\nuse = egg:swift#proxy_logging\n"
        "[filter:cache]\nuse = egg:swift#memcache\nmemcache_servers = 127.0.0.1:1\n"
        "[filter:s3api]\nuse = egg:swift#s3api\n"
        "[filter:tempauth]\nuse = egg:swift#tempauth\nuser_test_tester = testing .admin\n")
    for name in ("object", "container", "account", "proxy"):
        start([f"/usr/bin/swift-{name}-server", str(work / f"{name}.conf")], log)
    for port in ports:
        wait_for(port)
    signed("PUT", ports[3], "/bucket", b"")
    for file in sorted(files.rglob("*")):
        if file.is_file():
            signed("PUT", ports[3], f"/bucket/{file.relative_to(files)}", file.read_bytes())
    return ports[3]


class FlakyS3(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    files = pathlib.Path()
    port = 0
    faults: dict = {}
    requests: list = []
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def put(self, key, name):
        signed("PUT", self.port, "/bucket/" + key, (self.files / name).read_bytes() if name else b"")

    def control(self, what, key="", name=""):
        if what == "put":
            self.put(key, name)
        elif what != "log":
            with self.lock:
                self.faults.setdefault(key, []).append((what, name))
        log = self.requests if what == "log" else []
        self.answer(200, "".join(line + "\n" for line in log).encode())

    def forwarded(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        kept = [(name, value) for name, value in answer.getheaders()
                if name.lower() not in ("connection", "transfer-encoding", "date", "server")]
        return answer.status, answer.read(), kept

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path.startswith("/-/"):
            words = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
            self.control(path[3:], words.get("key", ""), words.get("from", ""))
            return
        key = urllib.parse.unquote(path).removeprefix("/bucket/")
        with self.lock:
            self.requests.append(f"{self.command} {urllib.parse.unquote(self.path)} range={self.headers.get('Range')}")
            waiting = self.faults.get(key) if not query else None
            fault, name = waiting.pop(0) if waiting else (None, "")
        if fault == "busy":
            self.answer(503, b"busy", [("Retry-After", "0")])
            return
        if fault == "swap":
            self.put(key, name)
        status, body, headers = self.forwarded()
        self.answer(status, body[:len(body) // 2] if fault == "cut" else body, headers)
        if fault == "cut":
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

    do_HEAD = do_GET


def flaky_s3(files, work, log):
    FlakyS3.files, FlakyS3.port = files, s3(files, work, log)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FlakyS3)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


# ------------------------------------------------------------------------------------------ flaky


class Flaky(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    files = pathlib.Path()
    counts: dict = {}
    requests: list = []
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=(), length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def do_HEAD(self):
        path = urllib.parse.urlsplit(self.path).path
        with self.lock:
            self.requests.append(f"HEAD {self.path}")
        file = self.files / path.lstrip("/")
        if not file.is_file():
            self.answer(404, b"")
            return
        body = file.read_bytes()
        headers = [] if "plain" in self.path else [("ETag", '"' + hashlib.sha1(body).hexdigest() + '"')]
        self.answer(200, b"", headers, len(body))

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        if url.path == "/log":
            self.answer(200, "".join(line + "\n" for line in self.requests).encode())
            return
        with self.lock:
            count = self.counts[self.path] = self.counts.get(self.path, 0) + 1
            self.requests.append(f"{self.path} range={self.headers.get('Range')} "
                                 f"if-range={self.headers.get('If-Range')} "
                                 f"if-none-match={self.headers.get('If-None-Match')}")
        if count <= int(query.get("busy", 0)):
            self.answer(503, b"busy", [("Retry-After", "0")])
            return
        body = (self.files / url.path.lstrip("/")).read_bytes()
        if "change" in query:
            body = bytes([count]) * len(body)
        tag = '"' + hashlib.sha1(body).hexdigest() + '"'
        headers = [] if "plain" in query else [("ETag", tag)]
        if self.headers.get("If-None-Match") == tag and "plain" not in query:
            self.send_response(304)
            self.end_headers()
            return
        status, begin = 200, 0
        if self.headers.get("Range") and self.headers.get("If-Range") in (None, tag):
            status, begin = 206, int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
            headers.append(("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}"))
        rest = body[begin:]
        if count <= int(query.get("cut", 0)):
            self.answer(status, rest[:len(rest) // 2], headers, len(rest))
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.answer(status, rest, headers)


def flaky(files, _work, _log):
    Flaky.files = files
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Flaky)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def main():
    kind, files = sys.argv[1], pathlib.Path(sys.argv[2])
    work = pathlib.Path(tempfile.mkdtemp(prefix="tenon-server-"))
    try:
        with open(work / "log", "wb") as log:
            port = {"nginx": nginx, "s3": s3, "flaky-s3": flaky_s3, "flaky": flaky}[kind](files, work, log)
            print("port", port, flush=True)
            sys.stdin.read()
    finally:
        for process in RUNNING:
            process.terminate()
        for process in RUNNING:
            process.wait(20)
        shutil.rmtree(work, ignore_errors=True)


main()
