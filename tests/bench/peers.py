"""Brokers of others, from Debian packages: nchan and Pushpin."""

import os
import shutil
import subprocess

import processes
import pushpin_helpers
from processes import KEPT_EVENTS, MAX_CONNECTIONS

# As fast as nchan goes: no regular expressions (its documentation says that they cost nginx more than
# nchan does), exact locations, no log, publishes read into one buffer and never onto the disk.
NGINX_CONFIG = """\
load_module {module};
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {folder}/nginx.pid;
error_log stderr error;
{user}
events {{
  use epoll;
  worker_connections {connections};
  multi_accept on;
  accept_mutex off;
}}
http {{
  access_log off;
  tcp_nodelay on;
  gzip off;
  server_tokens off;
  etag off;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_body_buffer_size 1m;
  client_body_in_single_buffer on;
  client_max_body_size 1m;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  nchan_shared_memory_size 512M;
  nchan_message_buffer_length {kept_events};
  nchan_message_timeout 1h;
  server {{
    listen 127.0.0.1:{port} backlog=16384;
    location = /pub {{
      nchan_publisher http;
      nchan_channel_id $arg_topic;
    }}
    location = /sub {{
      nchan_subscriber eventsource;
      nchan_channel_id $arg_topic;
      nchan_subscriber_first_message newest;
      nchan_eventsource_ping_interval 0;
    }}
  }}
}}
"""


class Nchan(processes.Broker):
    """nginx with one worker and the nchan module."""

    name = "nchan"
    packages = ("nginx-light", "libnginx-mod-nchan")

    def missing(self):
        if not nginx_binary():
            return "package nginx-light is not installed"
        return None if nchan_module() else "package libnginx-mod-nchan is not installed"

    def version(self):
        shown = subprocess.run([nginx_binary(), "-v"], capture_output=True, text=True, timeout=30,
                               check=False).stderr.strip()
        nchan = processes.package_version("libnginx-mod-nchan")
        return f"nchan {nchan}, {shown.removeprefix('nginx version: ')}"

    def launch(self, started, kept_events=KEPT_EVENTS):
        config = started.folder / "nginx.conf"
        config.write_text(NGINX_CONFIG.format(
            module=nchan_module(), folder=started.folder, port=started.port, connections=MAX_CONNECTIONS,
            kept_events=kept_events, user="user root;" if os.geteuid() == 0 else ""), encoding="utf-8")
        started.subscribe_path = "/sub?topic={topic}"
        started.publish_path = "/pub?topic={topic}"
        started.publish_headers = ["Content-Type: text/plain"]
        started.run([nginx_binary(), "-e", "stderr", "-p", started.folder, "-c", config])

    def serves(self, started):
        # The master listens first; pids() must show the worker too.
        return len(started.pids()) == 2 and processes.accepts(started.port)


def nginx_binary():
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def nchan_module():
    """Where the package has put the module; None without it."""
    if not shutil.which("dpkg"):
        return None
    listed = subprocess.run(["dpkg", "-L", "libnginx-mod-nchan"], capture_output=True, text=True,
                            timeout=30, check=False).stdout.split()
    return next((path for path in listed if path.endswith("/ngx_nchan_module.so")), None)


PUSHPIN_CONFIG = """\
[global]
include={internal}
rundir={folder}
ipc_prefix=pushpin-
port_offset=0
stats_connection_ttl=120

[proxy]
routesfile=routes
debug=false
sig_key=
updates_check=off
zurl_out_specs=ipc://{folder}/zurl-in
zurl_out_stream_specs=ipc://{folder}/zurl-in-stream
zurl_in_specs=ipc://{folder}/zurl-out

[handler]
push_in_spec=ipc://{folder}/push-in
push_in_sub_specs=ipc://{folder}/push-in-sub
push_in_http_addr=127.0.0.1
push_in_http_port={control_port}
push_in_http_max_headers_size=10000
push_in_http_max_body_size=1000000
command_spec=ipc://{folder}/command
stats_spec=ipc://{folder}/stats
message_rate=-1
message_hwm=1000000
"""

ZURL_CONFIG = """\
[General]
in_spec=ipc://{folder}/zurl-in
in_stream_spec=ipc://{folder}/zurl-in-stream
out_spec=ipc://{folder}/zurl-out
in_req_spec=
defpolicy=allow
max_open_requests=2000
buffer_size=200000
timeout=600
in_hwm=1000
out_hwm=1000
"""


class Pushpin(processes.Broker):
    """Pushpin's processes without its runner, which gives condure two workers. One core needs one.

    Its limit on messages is off: with any limit it sends in steps of 25 ms.
    """

    name = "pushpin"
    packages = ("pushpin",)
    internal = "/usr/lib/pushpin/internal.conf"

    def version(self):
        return ", ".join(f"{name} {processes.package_version(name)}" for name in ("pushpin", "condure"))

    def launch(self, started):
        folder = started.folder
        control_port = processes.free_port()
        helpers = pushpin_helpers.Servers()
        started.at_close.append(helpers.close)
        origin_port = helpers.serve(pushpin_helpers.hold_streams)
        started.publish_port = helpers.serve(pushpin_helpers.Relay(control_port, started.port).serve)
        texts = {"pushpin.conf": PUSHPIN_CONFIG, "zurl.conf": ZURL_CONFIG,
                 "routes": "* 127.0.0.1:{origin_port}\n"}
        for name, text in texts.items():
            (folder / name).write_text(text.format(
                internal=self.internal, folder=folder, control_port=control_port, origin_port=origin_port),
                encoding="utf-8")
        started.subscribe_path = "/{topic}"
        started.publish_path = "/publish/"
        started.publish_headers = ["Content-Type: application/json"]
        started.publish_body = ('{"items":[{"channel":"bench{topic}","formats":'
                                '{"http-stream":{"content":"data: {payload}\\n\\n"}}}]}')
        # Pushpin loses some of the streams that it opens at the same time.
        started.more_load_flags = ["--connects-at-once", "1"]
        started.run(["condure", "--log-level=1", "--workers=1", f"--listen=127.0.0.1:{started.port},stream",
                     f"--zclient-stream=ipc://{folder}/pushpin-condure", "--buffer-size=8192",
                     f"--stream-maxconn={MAX_CONNECTIONS}", "--stream-timeout=86400"])
        started.run(["zurl", f"--config={folder}/zurl.conf", "--loglevel=1"])
        for program in ("pushpin-proxy", "pushpin-handler"):
            started.run([program, f"--config={folder}/pushpin.conf", "--ipc-prefix=pushpin-", "--loglevel=1"])

    def serves(self, started):
        return ((started.folder / "push-in").exists()  # Bound with the control port.
                and processes.answers_ok(started.port, "/ready", {"Accept": "text/event-stream"}))
