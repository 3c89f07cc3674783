# The image of headstart: ready to run for the schema of this repository, and a base for your own
# Alembic project (docs/image.md). The base is a python image, 3.11 or newer: it has pip and venv.
ARG BASE=python:3.13-slim

# --- What the image gets is put together here; nothing else of this stage is in it -------------
FROM ${BASE} AS build
USER root
WORKDIR /src

# Without pip: the base has one, and PIP_PYTHON below points it at this environment.
RUN python -m venv --without-pip /opt/headstart

# --require-hashes: what is installed is what was reviewed. Only wheels: no compiler is needed, and
# no setup.py runs. --no-compile: everything is compiled below, in another way.
COPY requirements.txt ./
RUN pip --python /opt/headstart install --no-cache-dir --no-compile --disable-pip-version-check \
        --only-binary :all: --require-hashes -r requirements.txt

# A wheel, as a user would install it. The build tools are pinned too, and stay in this stage.
COPY requirements-build.txt ./
RUN python -m venv /build \
 && /build/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes \
        -r requirements-build.txt
COPY pyproject.toml README.md LICENSE ./
COPY headstart headstart
RUN /build/bin/pip wheel --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation \
        --wheel-dir /wheel . \
 && pip --python /opt/headstart install --no-cache-dir --no-compile --disable-pip-version-check \
        --no-deps --no-index /wheel/*.whl

# The label below must not lie about what is installed.
ARG VERSION=0.1.0
RUN test "$(/opt/headstart/bin/python -c 'import headstart; print(headstart.__version__)')" = "${VERSION}"

# What a run never imports: the libraries' own test suites, and the sources of their compiled parts.
RUN cd /opt/headstart/lib/python*/site-packages \
 && rm -r sqlalchemy/testing alembic/testing mako/testing \
 && find . -name '*.c' -delete -o -name '*.pyx' -delete -o -name '*.pxd' -delete

# unchecked-hash: valid whatever the file dates are, and no stat of the source at each import.
RUN python -m compileall -q -f -j 0 --invalidation-mode unchecked-hash /opt/headstart/lib

# This repository's project. It is not compiled: an unchecked .pyc would win over a file that
# somebody mounts over its source. chmod: whoever builds may have a umask that hides files from
# the user below, and from any other.
COPY entrypoint.py /opt/minirag/
COPY alembic.ini.example /opt/minirag/alembic.ini
COPY alembic /opt/minirag/alembic
COPY models /opt/minirag/models
# One entry: the command `headstart` is entrypoint.py, with the flags of ENTRYPOINT. The URL of the
# example goes: it is a placeholder, and the environment or a mounted file names the database.
RUN sed -i '1i #!/opt/headstart/bin/python -Ps' /opt/minirag/entrypoint.py \
 && sed -i '/^sqlalchemy.url/d' /opt/minirag/alembic.ini \
 && chmod -R a+rX,go-w /opt/minirag /opt/headstart && chmod a+x /opt/minirag/entrypoint.py \
 && ln -sf /opt/minirag/entrypoint.py /opt/headstart/bin/headstart


FROM ${BASE}
USER root

# The official image deletes the standard library's .pyc files, so every start would compile what
# it imports, and nobody but root could keep the result. Left out: what no service imports. The
# variable keeps this very process from leaving ordinary .pyc files of what it imports itself.
RUN PYTHONDONTWRITEBYTECODE=1 python -m compileall -q -f -j 0 --invalidation-mode unchecked-hash \
        -x '/(test|tests|idlelib|lib2to3|tkinter|turtledemo|ensurepip|pydoc_data|site-packages|dist-packages)/' \
        "$(python -B -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"

COPY --from=build /opt/headstart /opt/headstart
COPY --from=build /opt/minirag /opt/minirag

# sslrootcert=system: the OpenSSL in psycopg2's wheel would look where it was built. A base that has
# its certificates elsewhere is built with --build-arg CA_FILE=...
ARG CA_FILE=/etc/ssl/certs/ca-certificates.crt
RUN test -s "${CA_FILE}" || { echo "no certificates in ${CA_FILE}: --build-arg CA_FILE=..." >&2; exit 1; }
ENV SSL_CERT_FILE=${CA_FILE}

# PATH and the two names after it: `pip install` and `uv pip install` of an image that is built on
# this one go where headstart is. No cache: it would stay in that image's layer.
ENV PATH=/opt/headstart/bin:$PATH \
    VIRTUAL_ENV=/opt/headstart \
    PIP_PYTHON=/opt/headstart/bin/python \
    PIP_NO_CACHE_DIR=1 \
    UV_NO_CACHE=1 \
    UV_COMPILE_BYTECODE=1

# An image that is built on this one has a project of its own, wherever it puts it: never ours.
ONBUILD ENV HEADSTART_OWN_PROJECT=true

# Nor is it built from our commit. Its own `ENV HEADSTART_IMAGE_REVISION=` comes after this line.
ONBUILD ENV HEADSTART_IMAGE_REVISION=

# Empty: your project goes here (entrypoint.py says what an empty one means).
WORKDIR /app

# By number, so that Kubernetes can tell that it is not root (runAsNonRoot). There is no such user
# and none is needed: any other number works as well.
USER 65532:65532

# -P: the working directory is not searched for modules before the libraries are (alembic/ there
# would shadow the library); alembic.ini's prepend_sys_path says what is. -s: no user's packages.
# Exec form: headstart is process 1 and gets the signals itself.
ENTRYPOINT ["/opt/headstart/bin/python", "-P", "-s", "/opt/minirag/entrypoint.py"]

# Last, as they change with every build: nothing above is built anew for them.
ARG BASE
ARG VERSION=0.1.0
ARG REVISION=
ENV HEADSTART_IMAGE_REVISION=${REVISION}
LABEL org.opencontainers.image.title="headstart" \
      org.opencontainers.image.description="Proves, stamps or upgrades a Postgres database with Alembic, once, before an async app starts" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="${BASE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
