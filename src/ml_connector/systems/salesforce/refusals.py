"""Why an org refuses a sign-in, and the place in its Setup that mends it (salesforce reference 1.2, 1.3, additions)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ml_connector.model.errors import ConnectorError, SignInNeeded, Unreachable, WrongUse

MY_DOMAIN = "Use the address of My Domain, for example https://acme.my.salesforce.com (Setup > My Domain)."
_POLICIES = "In Salesforce: Setup > External Client App Manager > your app > Policies. "
_KEYS = "In Salesforce: Setup > External Client App Manager > your app > Settings > OAuth Settings. "
_USER = "In Salesforce: Setup > Users > the integration user. "
_UPLOAD = "Upload the certificate that ml-connector wrote, and no other:  ml-connector connect salesforce --jwt"
_CLOCK = "Set the clock of this machine (and its time zone) right; it is tried again by itself."

REFUSALS: tuple[tuple[str, str, type[ConnectorError], str, str], ...] = (
    # error, a part of error_description, our error, sentence, remedy
    (
        "invalid_client_id",
        "",
        SignInNeeded,
        "Salesforce does not know the consumer key.",
        _KEYS + "Copy the consumer key again. A new app is known after about ten minutes.",
    ),
    (
        "invalid_client",
        "",
        SignInNeeded,
        "Salesforce refuses the consumer secret.",
        _KEYS + "Copy the consumer secret again; it changes when somebody rotates it. "
        "Then  ml-connector connect salesforce --new-secret",
    ),
    (
        "invalid_grant",
        "no client credentials user",
        SignInNeeded,
        "The app has no user to run as.",
        _POLICIES + "Enter the integration user's user name (not the e-mail) as Run As.",
    ),
    (
        "invalid_grant",
        "admin approved",
        SignInNeeded,
        "The integration user is not approved for the app.",
        _POLICIES + "Add the user's permission set or profile to the app, or let all users authorise themselves.",
    ),
    (
        "invalid_app_access",
        "",
        SignInNeeded,
        "The integration user may not use the app.",
        _POLICIES + "Add the user's permission set or profile to the app, or let all users authorise themselves.",
    ),
    (
        "invalid_grant",
        "approved this consumer",
        SignInNeeded,
        "The integration user is not pre-authorized for the app, or its user name is another one.",
        _POLICIES + "Set Permitted Users to admin approved, and add the user's permission set. "
        "Another user name:  ml-connector connect salesforce --jwt",
    ),
    (
        "oauth_app_blocked",
        "",
        SignInNeeded,
        "An administrator has blocked the app.",
        "In Salesforce: Setup > Connected Apps OAuth Usage > your app. Unblock it.",
    ),
    (
        "invalid_grant",
        "flow not enabled",
        SignInNeeded,
        "The client credentials flow is switched off.",
        _POLICIES
        + "Switch it on in both places: the app's OAuth settings and its policies. A Health Review of the org "
        "may have switched it off; then sign in by certificate instead:  ml-connector connect salesforce --jwt",
    ),
    (
        "invalid_grant",
        "not supported on this domain",
        WrongUse,
        "This address does not take client credentials.",
        MY_DOMAIN,
    ),
    (
        "invalid_grant",
        "ip restricted",
        SignInNeeded,
        "Salesforce lets nobody sign in from the address of this machine, or not at this hour.",
        _POLICIES
        + "Set IP Relaxation to relax, or add the address under Setup > Profiles > the user's profile > Login "
        "IP Ranges; Login Hours stand beside them.",
    ),
    (
        "invalid_grant",
        "login hours",
        SignInNeeded,
        "Salesforce lets the integration user not sign in at this hour.",
        "In Salesforce: Setup > Profiles > the user's profile > Login Hours. Clear them.",
    ),
    (
        "invalid_grant",
        "authentication failure",
        SignInNeeded,
        "Salesforce refuses the integration user: mostly it is frozen.",
        _USER
        + "Press Unfreeze. Salesforce freezes a user by itself when it calls through a VPN, a proxy or an address "
        "with a bad name: Setup > Login History shows from where.",
    ),
    (
        "invalid_grant",
        "expired assertion",
        Unreachable,
        "Salesforce takes our signature for an old one: the clock of this machine is behind.",
        _CLOCK,
    ),
    (
        "invalid_grant",
        "lifetime is too long",
        Unreachable,
        "Salesforce takes our signature for one of the future: the clock of this machine is ahead.",
        _CLOCK,
    ),
    (
        "invalid_grant",
        "audience",
        WrongUse,
        "Salesforce is not the one that we signed for: a sandbox was taken for production, or the other way round.",
        MY_DOMAIN,
    ),
    (
        "invalid_grant",
        "invalid assertion",
        SignInNeeded,
        "Salesforce does not know the certificate that we sign with.",
        _KEYS + _UPLOAD,
    ),
    (
        "unsupported_grant_type",
        "",
        WrongUse,
        "This address does not take this way to sign in.",
        MY_DOMAIN,
    ),
    (
        "inactive_user",
        "",
        SignInNeeded,
        "The integration user is inactive or frozen.",
        _USER + "Tick Active, or press Unfreeze; or name another user as Run As in the app's policies.",
    ),
    (
        "inactive_org",
        "",
        SignInNeeded,
        "The Salesforce org is inactive.",
        "Ask Salesforce why; a trial or sandbox may have ended.",
    ),
    (
        "rate_limit_exceeded",
        "",
        Unreachable,
        "Salesforce takes no more sign-ins for a while.",
        "It is tried again by itself.",
    ),
)
"""The first row that fits counts. Texts that the reference does not have are from memory: the last resort is below."""


def refusal(status: int, body: Mapping[str, Any]) -> ConnectorError:
    """The error for an answer of the token endpoint that is no session. Its texts are not shown."""
    code, text = str(body.get("error", "")), str(body.get("error_description", "")).lower()
    for error, part, kind, sentence, remedy in REFUSALS:
        if error == code.lower() and part in text:
            return kind(sentence, remedy)
    if status >= 500 or status in (408, 429):
        return Unreachable(f"Salesforce cannot sign us in now (HTTP {status}).", "It is tried again by itself.")
    if not code:
        return WrongUse(f"The address does not answer like Salesforce (HTTP {status}).", MY_DOMAIN)
    shown = code if re.fullmatch(r"[a-z_]{1,40}", code) else "an unknown reason"
    return SignInNeeded(
        f"Salesforce refuses to sign us in ({shown}).",
        "Setup > Login History says more. Check the app's policies and the integration user, then run "
        "`ml-connector connect salesforce`.",
    )


def about_the_secret(status: int, body: Mapping[str, Any]) -> bool:
    """Whether the secret, or the signature, is refused: then another one that is at hand may be the right one."""
    code, text = body.get("error"), str(body.get("error_description", "")).lower()
    return status in (400, 401) and (code == "invalid_client" or (code == "invalid_grant" and "assertion" in text))
