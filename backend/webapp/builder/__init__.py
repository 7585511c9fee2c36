"""Builds the phone app: fetches its libraries, and writes hashed and compressed files into `built/`.

The build hook of the wheel runs it, and `python -m backend.webapp.builder` from a checkout. It imports nothing
of the backend and needs Brotli alone, because a wheel is built where Satchel is not installed.
"""
