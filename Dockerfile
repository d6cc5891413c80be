# The policy host alone, without root; docs/own-server.md says how to run it.
FROM python:3.13-slim AS built
WORKDIR /app
COPY requirements.txt ./
# every package by its hash; pip compiles them: without that the framework alone takes 0.9 s to import
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements.txt
COPY main.py ./
COPY policy policy
RUN rm -rf policy/data && /venv/bin/python -m compileall -q -f /app

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MTA_STS_POLICIES=/policies \
    MTA_STS_EVENTS=stdout
COPY --from=built /venv /venv
COPY --from=built /app /app
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin sts-witness
WORKDIR /app
USER 10001
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health', timeout=2)"]
CMD ["functions-framework", "--target", "policy_host", "--source", "/app/main.py", "--host", "0.0.0.0", "--port", "8080"]
