"""The HTTP servers that run the app: gunicorn with a worker of our own (the default), or granian."""
