# ringcastd and ringcast on a small Debian. See docs/docker.md.
FROM debian:trixie-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
      ccache cmake g++ libcli11-dev libcurl4-openssl-dev libllhttp-dev libsimdjson-dev libspdlog-dev libsqlite3-dev \
      libssl-dev libsystemd-dev libuv1-dev libyaml-cpp-dev ninja-build pkgconf prometheus-cpp-dev
COPY CMakeLists.txt /src/
COPY cmake /src/cmake
COPY clients /src/clients
COPY daemon /src/daemon
COPY systemd /src/systemd
RUN --mount=type=cache,target=/root/.cache/ccache \
    cmake -S /src -B /build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_FLAGS_RELWITHDEBINFO='-O2 -DNDEBUG' \
      -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DRINGCAST_TESTS=OFF \
 && cmake --build /build --target ringcastd ringcast \
 && install -D -s -t /out/usr/bin /build/ringcastd /build/ringcast
# The packages of the libraries that both need.
RUN ldd /out/usr/bin/* | awk '$3 ~ /^\// {print $3}' | sort -u | xargs realpath | xargs dpkg -S | cut -d: -f1 | sort -u > /out/packages
COPY packaging/image/ringcast-image-health /out/usr/bin/

FROM debian:trixie-slim
COPY --from=build /out/packages /tmp/packages
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates $(cat /tmp/packages) \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/debconf/*-old /var/log/* /tmp/packages \
 && install -d -o 10001 -g 10001 -m 0700 /var/lib/ringcast
COPY --from=build /out/usr /usr
# 0.0.0.0 needs a choice of who may do what: without RINGCAST_AUTH_… or a file, the start says so and ends with 2.
# Engines kill after 10 s, so streams end within 8.
ENV RINGCAST_LISTEN=0.0.0.0:8080 RINGCAST_DRAIN=8s RINGCAST_LOG_FORMAT=json RINGCAST_JOURNAL_PATH=/var/lib/ringcast
USER 10001:10001
VOLUME /var/lib/ringcast
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["ringcast-image-health"]
# The log goes to stdout: collectors take stderr for errors.
ENTRYPOINT ["/bin/sh", "-c", "exec ringcastd \"$@\" 2>&1", "ringcastd"]
