#!/usr/bin/env bash
# For a platform that starts one command before the app. Elsewhere, let both be containers of their
# own (compose.yaml): headstart then gets the signals itself.
set -euo pipefail

# It was: python app/backend_pre_start.py, then alembic upgrade head.
headstart

exec python -m app.initial_data
