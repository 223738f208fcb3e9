# syntax=docker/dockerfile:1

FROM swift:6.2-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends libedit-dev libmosquitto-dev libpq-dev libsqlite3-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# The packages change seldom: resolve them before the sources are copied. A Package.resolved in the checkout locks their versions, and
# the build then fails rather than take others. The repository has none: without it the newest versions that Package.swift allows are
# taken. See docs/operations/installing.md, "The container".
COPY Package.swift Package.resolve[d] ./
RUN if [ -e Package.resolved ]; then swift package resolve --force-resolved-versions; else swift package resolve; fi
COPY Sources ./Sources
COPY Tests ./Tests
# The package names it, so it has to be there.
COPY Benchmarks ./Benchmarks
RUN swift build -c release --product convey --static-swift-stdlib --disable-automatic-resolution \
    && install -D -m 755 .build/release/convey /out/convey

# The program holds the Swift runtime.
FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libedit2 libmosquitto1 libpq5 libsqlite3-0 ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin convey \
    && install -d -o convey -g convey -m 750 /data
COPY --from=build /out/convey /usr/local/bin/convey
USER convey
WORKDIR /data
VOLUME /data
# 0.0.0.0 is inside the container: what can reach it is decided by which ports are published.
ENV CONVEY_DATA_DIR=/data CONVEY_HTTP_ADDRESS=0.0.0.0:8080 CONVEY_HTTP_ALLOW_ANONYMOUS=true CONVEY_LOG_FORMAT=json
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["convey", "health"]
ENTRYPOINT ["convey"]
CMD ["serve"]
