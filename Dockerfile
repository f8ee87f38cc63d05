# The page in a container, as a Space runs it: docker build -t adamml . && docker run --rm -p 7860:7860 adamml
FROM python:3.11-slim

# Spaces run as user 1000, who owns nothing but a home.
RUN useradd --create-home --uid 1000 user
USER user
WORKDIR /home/user/app
ENV PATH=/home/user/.local/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    GRADIO_ANALYTICS_ENABLED=False

# Before the code, so that a change of the code installs nothing again. The very files that were tested, by their hashes.
COPY --chown=user requirements.lock .
RUN pip install --no-cache-dir --user --require-hashes -r requirements.lock

COPY --chown=user . .
EXPOSE 7860
# The page stands within half a minute; preparing the networks, once, takes longer and does not keep it from answering.
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 CMD ["python", "app/health.py"]
CMD ["python", "app/__main__.py"]
