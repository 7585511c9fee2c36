"""The engine and the session of a web request: Flask-SQLAlchemy binds them to the app.

Apart from `core`, because a command or a worker that needs the tables does not need Flask.
"""

from flask_sqlalchemy import SQLAlchemy

from backend.database.core import Model

db = SQLAlchemy(model_class=Model, session_options={"expire_on_commit": False})
