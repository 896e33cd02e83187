FROM debian:bookworm-slim AS packages
COPY --from=proctor-sandbox-python:sbx / /img
RUN mkdir -p /img/usr/dev /img/usr/etc /img/usr/tmp /img/usr/sandbox && ln -s . /img/usr/usr \
 \
 && cp -a /img/etc/alternatives /img/etc/ld.so.cache /img/usr/etc/
FROM scratch
COPY --from=packages /img /
ENTRYPOINT ["/usr/bin/python3"]
