# Moorgate from source on Debian 12; the final image holds the program and its libraries.
FROM debian:12 AS build
COPY . /source
WORKDIR /source
RUN bash -euo pipefail -c '\
    source scripts/packages.sh && ensure_packages "${build_packages[@]}" && \
    cmake --preset release -DMOORGATE_TESTS=OFF && \
    cmake --build --preset release --target moorgate && \
    strip build/release/moorgate'

FROM debian:12
RUN apt-get update -q && apt-get install -y -q --no-install-recommends \
      ca-certificates libcrypt1 libcurl4 libfmt9 libpcre2-8-0 libprometheus-cpp-core1.0 \
      libsqlite3-0 libssl3 libyaml-cpp0.7 && \
    rm -rf /var/lib/apt/lists/*
COPY --from=build /source/build/release/moorgate /usr/local/bin/moorgate
VOLUME /var/lib/registry
EXPOSE 443
ENTRYPOINT ["moorgate"]
# The later ones are where the registry's own images have their configuration.
CMD ["serve", "--look-for", "/etc/moorgate/moorgate.yml", \
     "/etc/docker/registry/config.yml", "/etc/distribution/config.yml"]
