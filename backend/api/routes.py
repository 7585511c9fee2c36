"""All routes of the API, collected from `endpoints/`. A test lists those that need no authentication."""

import pkgutil
from importlib import import_module

from flask import Blueprint, request

from backend.api import admission, auth, endpoints, office_auth, rate_guard, signed_links, tus
from backend.api.route import Auth, Route
from backend.api.work import Work

BLUEPRINT = "api"
PULL_PATH = "/v1/pull"


def _collect() -> tuple[Route, ...]:
    """Return every route that a module of `endpoints/` declares, alone or in a tuple, by path and method."""
    names = [module.name for module in pkgutil.iter_modules(endpoints.__path__, f"{endpoints.__name__}.")]
    values = [value for name in names for value in vars(import_module(name)).values()]
    candidates = [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
    routes = [item for item in candidates if isinstance(item, Route)]
    return tuple(sorted(routes, key=lambda route: (route.path, route.method)))


ROUTES = _collect()
_BY_ENDPOINT = {f"{BLUEPRINT}.{route.name}": route for route in ROUTES}


def blueprint() -> Blueprint:
    """Return a blueprint with all routes. It admits and authenticates each request first."""
    api = Blueprint(BLUEPRINT, __name__)
    for route in ROUTES:
        api.add_url_rule(
            route.path, route.name, route.view, methods=[route.method], provide_automatic_options=False
        )
    api.before_request(_admit)
    api.after_request(tus.add_headers)
    api.teardown_request(lambda error: admission.leave())
    return api


def _admit() -> None:
    route = _BY_ENDPOINT[request.endpoint or ""]
    if route.work is not None:
        # Only a pull states a cursor in its address.
        is_pull = route.path == PULL_PATH
        admission.enter(admission.work_of_page(request.args.get("cursor")) if is_pull else route.work)
    _authenticate(route)


def _authenticate(route: Route) -> None:
    pushes = route.work is Work.PUSH
    match route.auth:
        case Auth.PUBLIC if route.work is not None and not pushes:
            rate_guard.count_public()
        case Auth.PUBLIC:
            return
        case Auth.OFFICE:
            office_auth.authenticate()
        case Auth.LINK if route.preload and signed_links.authenticate_link(route.preload):
            return
        case Auth.LINK | Auth.DEVICE:
            auth.authenticate(route.preload, pushes=pushes)
