"""SOAP `login()`: username, password and security token (salesforce reference 0). Gone from v65, and everywhere soon.

Of SOAP there is only this and `logout()`: the session id that it gives is a bearer token of the REST API.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.sax.saxutils import escape

from ml_emulators.kit.wire import Request
from ml_emulators.salesforce.calls import Answer
from ml_emulators.salesforce.world import Actor, World

from .oauth import Sessions

_XML = {"Content-Type": "text/xml;charset=UTF-8"}
_VERSION = re.compile(r"(\d{2,3})\.0\Z")
_VERSIONS = range(31, 65)
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com" '
    'xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<soapenv:Body>{}</soapenv:Body></soapenv:Envelope>"
)


class Fault(Exception):
    """A refused login, as SOAP tells it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    def answer(self) -> Answer:
        """500 with a SOAP envelope, as a LoginFault."""
        code, message = escape(self.code), escape(self.message)
        fault = (
            f"<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring>"
            f'<detail><sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>{code}</sf:exceptionCode>'
            f"<sf:exceptionMessage>{message}</sf:exceptionMessage></sf:LoginFault></detail></soapenv:Fault>"
        )
        return Answer(500, raw=_ENVELOPE.format(fault).encode(), headers=_XML)


class Passwords:
    """What the org's people sign in with. Everybody's password differs; the seed gives them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def password(self, actor: Actor) -> str:
        """A user's password, 16 characters; the same seed gives the same."""
        return self._made("password", actor)[:16]

    def token(self, actor: Actor) -> str:
        """A user's security token, 24 characters; the same seed gives the same."""
        return self._made("token", actor)[:24]

    def _made(self, what: str, actor: Actor) -> str:
        return hashlib.sha256(f"{self._world.seed}:{what}:{actor.user_id}".encode()).hexdigest()

    def fits(self, actor: Actor, given: str) -> bool:
        """The password with the token behind it; alone it does where the caller's address is trusted."""
        trusted = self._world.switches.trusted_network
        good = [self.password(actor) + self.token(actor), *([self.password(actor)] if trusted else [])]
        return any(hmac.compare_digest(given.encode(), accepted.encode()) for accepted in good)


class Soap:
    """The addresses `/services/Soap/u/{version}` (partner) and `/c/` (enterprise)."""

    def __init__(self, world: World, sessions: Sessions, passwords: Passwords) -> None:
        self._world = world
        self._sessions = sessions
        self._passwords = passwords

    def answer(self, request: Request, parts: list[str], instance: str) -> Answer:
        """`parts` is the path after `/services/Soap`."""
        try:
            return self._login(request, parts, instance)
        except Fault as fault:
            return fault.answer()

    def _login(self, request: Request, parts: list[str], instance: str) -> Answer:
        version = _VERSION.match(parts[1]) if len(parts) > 1 and parts[0] in ("u", "c") else None
        if version is None or int(version[1]) not in _VERSIONS or not self._world.switches.soap_login:
            raise Fault("UNSUPPORTED_API_VERSION", "SOAP login() does not exist in this version of the API")
        asked = _asked(request.body)
        if asked.tag.endswith("}logout"):
            return self._logout(request.body)
        actor = self._who(asked)
        user = self._world.state.live("User", actor.user_id) or {}
        if not user.get("IsActive") or self._world.is_frozen(actor):
            raise Fault("INVALID_LOGIN", _WRONG)
        org_id = self._world.org_id
        urls = [f"{instance}/services/Soap/{letter}/{parts[1]}/{org_id}" for letter in ("m", parts[0])]
        login = (
            f"<loginResponse><result><metadataServerUrl>{escape(urls[0])}</metadataServerUrl>"
            f"<passwordExpired>false</passwordExpired><sandbox>false</sandbox><serverUrl>{escape(urls[1])}</serverUrl>"
            f"<sessionId>{escape(self._sessions.open(actor))}</sessionId><userId>{actor.user_id}</userId>"
            f"<userInfo>{self._about(actor, org_id)}</userInfo></result></loginResponse>"
        )
        return Answer(200, raw=_ENVELOPE.format(login).encode(), headers=_XML)

    def _logout(self, body: bytes) -> Answer:
        session_id = re.search(rb"<(?:\w+:)?sessionId>([^<]+)</", body)
        if not session_id or not self._sessions.close(session_id[1].decode("utf-8", "replace")):
            raise Fault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Session not found")
        return Answer(200, raw=_ENVELOPE.format("<logoutResponse/>").encode(), headers=_XML)

    def _who(self, login: Element) -> Actor:
        actor = self._world.actor_named(_text(login, "username").strip())
        if actor is None or not self._passwords.fits(actor, _text(login, "password")):
            raise Fault("INVALID_LOGIN", _WRONG)
        return actor

    def _about(self, actor: Actor, org_id: str) -> str:
        user = self._world.state.live("User", actor.user_id) or {}
        minutes = self._world.switches.session_minutes
        seconds = 60 * (self._world.org.session_minutes if minutes is None else minutes)
        facts = {
            "organizationId": org_id,
            "organizationName": self._world.org.name,
            "sessionSecondsValid": str(seconds),
            "userEmail": str(user.get("Email", "")),
            "userFullName": str(user.get("Name", "")),
            "userId": actor.user_id,
            "userName": str(user.get("Username", "")),
            "userTimeZone": actor.zone.key,
        }
        return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in facts.items())


_CALLS = {f"{{urn:{kind}.soap.sforce.com}}{name}" for kind in ("partner", "enterprise") for name in ("login", "logout")}
_WRONG = "Invalid username, password, security token; or user locked out."


def _asked(body: bytes) -> Element:
    """The `login` or `logout` element of an envelope. Raises `Fault`."""
    try:
        if b"<!" in body:  # no document types: they can name files, and grow without end
            raise ParseError
        whole = fromstring(body)  # noqa: S314  # entities cannot be declared, see above
    except (ParseError, ValueError):
        raise Fault("INVALID_SOAP_HEADER", "the body is not a SOAP envelope") from None
    for element in whole.findall("{http://schemas.xmlsoap.org/soap/envelope/}Body/*"):
        if element.tag in _CALLS:
            return element
    raise Fault("UNKNOWN_EXCEPTION", "of SOAP there is login() and logout() only")


def _text(login: Element, name: str) -> str:
    return next((element.text or "" for element in login if element.tag.rpartition("}")[2] == name), "")
