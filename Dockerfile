# The service; compilers, Node and installers stay behind in the stages before the last:
#
#   docker build -t posemill .
#   docker run --init --read-only --tmpfs /tmp -p 5000:5000 -v posemill:/data posemill
#
# Other places to fetch from: --build-arg MIRROR=your.mirror/library/ for the base image,
# PIP_INDEX_URL=... for Python packages, NPM_CONFIG_REGISTRY=... for those of npm.

ARG MIRROR=

# The wheel is the same for every processor, so the builder's own makes it.
FROM --platform=$BUILDPLATFORM ${MIRROR}python:3.13-slim-trixie AS wheel
ARG PIP_INDEX_URL
ARG NPM_CONFIG_REGISTRY
ENV UV_DEFAULT_INDEX=$PIP_INDEX_URL UV_SYSTEM_CERTS=true UV_NO_CACHE=true
WORKDIR /build
COPY requirements.lock ./
# uv, in the version and by the hashes of the lock; then it checks all others by the lock's.
RUN sed -n '/^uv==/,/[^\\]$/p' requirements.lock > /tmp/uv.txt \
    && python -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir --require-hashes -r /tmp/uv.txt
COPY . .
# Models and page by npm's lock (Node is a Python package), kernels by zig (so is that).
RUN /opt/uv/bin/uv build --wheel --out-dir /wheel \
        --build-constraints requirements.lock --require-hashes

FROM ${MIRROR}python:3.13-slim-trixie AS packages
ARG PIP_INDEX_URL
ENV UV_DEFAULT_INDEX=$PIP_INDEX_URL UV_SYSTEM_CERTS=true UV_NO_CACHE=true
WORKDIR /build
COPY requirements.lock pyproject.toml ./
RUN sed -n '/^uv==/,/[^\\]$/p' requirements.lock > /tmp/uv.txt \
    && python -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir --require-hashes -r /tmp/uv.txt
# What posemill needs, of the lock's versions and hashes; nothing that only its development needs.
RUN python -m venv --without-pip /opt/posemill \
    && /opt/uv/bin/uv pip install --python /opt/posemill --compile-bytecode --only-binary :all: \
        --constraints requirements.lock --requirements pyproject.toml
COPY --from=wheel /wheel /wheel
RUN /opt/uv/bin/uv pip install --python /opt/posemill --compile-bytecode --offline --no-deps \
        /wheel/*.whl \
    && /opt/uv/bin/uv pip check --python /opt/posemill \
    # Everybody could write to it.
    && rm -f /opt/posemill/.lock

FROM ${MIRROR}python:3.13-slim-trixie
LABEL org.opencontainers.image.title="posemill" \
      org.opencontainers.image.licenses="Apache-2.0"
# posemill.toml, if any, is read from the working folder.
WORKDIR /etc/posemill
RUN groupadd --gid 10001 posemill \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data \
        --shell /usr/sbin/nologin posemill \
    && install -d -o posemill -g posemill -m 0700 /data
COPY --from=packages /opt/posemill /opt/posemill
# Compiled models are kept with the data: the root file system may be read-only.
ENV PATH=/opt/posemill/bin:$PATH POSEMILL_DATA_DIR=/data XDG_CACHE_HOME=/data/cache
USER 10001:10001
VOLUME /data
EXPOSE 5000
STOPSIGNAL SIGTERM
# Of the settings the address counts, from a variable or posemill.toml; flags it doesn't see.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-ISc", "import http.client, os, sys, tomllib; name = os.environ.get('POSEMILL_CONFIG') or 'posemill.toml'; settings = tomllib.load(open(name, 'rb')) if os.path.exists(name) else {}; host = os.environ.get('POSEMILL_HOST') or settings.get('host') or '0.0.0.0'; host = {'0.0.0.0': '127.0.0.1', '::': '::1'}.get(host, host); port = int(os.environ.get('POSEMILL_PORT') or settings.get('port') or 5000); service = http.client.HTTPConnection(host, port, timeout=4); service.request('GET', '/readyz'); sys.exit(service.getresponse().status != 200)"]
ENTRYPOINT ["posemill"]
CMD ["serve"]
