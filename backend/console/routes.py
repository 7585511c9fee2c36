"""All pages of the console, collected from its packages, and what each requires: CSRF, session, permission."""

import pkgutil
from importlib import import_module

from flask import Blueprint, Response, g, request

from backend import console
from backend.console import assets, csrf, errors, policy, visitors
from backend.console.redirects import to_own_account, to_sign_in
from backend.console.route import Open, Page
from backend.office.roles import Permission
from backend.webapp.blueprint import say_not_built
from backend.webapp.built_files import NotBuilt

BLUEPRINT, PREFIX = "console", "/office"


def _collect() -> tuple[Page, ...]:
    """Return every page that a module of a package declares, by path and method."""
    packages = [each.name for each in pkgutil.iter_modules(console.__path__, "backend.console.") if each.ispkg]
    modules = [
        import_module(each.name)
        for package in packages
        for each in pkgutil.iter_modules(import_module(package).__path__, f"{package}.")
    ]
    pages = {value for module in modules for value in vars(module).values() if isinstance(value, Page)}
    return tuple(sorted(pages, key=lambda each: (each.path, each.method)))


PAGES = _collect()
FILE_PATH = "/files/<build>/<name>"
OTHER_PATH = "/<path:path>"
_BY_ENDPOINT = {f"{BLUEPRINT}.{page.name}": page for page in PAGES}


def blueprint() -> Blueprint:
    """Return a blueprint with all pages, their scripts and styles, and a page for every other address."""
    office = Blueprint(BLUEPRINT, __name__, url_prefix=PREFIX)
    for page in PAGES:
        office.add_url_rule(
            page.path, page.name, page.view, methods=[page.method], provide_automatic_options=False
        )
    for path, view in ((FILE_PATH, assets.file), (OTHER_PATH, errors.not_found)):
        office.add_url_rule(path, path, view, methods=["GET"], provide_automatic_options=False)
    office.before_request(_admit)
    office.after_request(policy.add_headers)
    office.register_error_handler(NotBuilt, say_not_built)
    office.register_error_handler(Exception, errors.respond)
    return office


def _admit() -> Response | None:
    page = _BY_ENDPOINT.get(request.endpoint or "")
    if page is None:
        return None
    csrf.require(page.method)
    visitor = g.visitor = visitors.current()
    if page.needs is Open.TO_ALL:
        return None
    if visitor is None:
        return to_sign_in()
    if isinstance(page.needs, Permission):
        if visitor.has_initial_password:
            return to_own_account()
        errors.require(visitor.user, page.needs)
    return None
