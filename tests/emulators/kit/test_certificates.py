"""The private authority and its certificate, judged by a strict verifier."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from ml_emulators.kit.certificates import KEY_FILE, Certificates, PrivateAuthority, issue
from ml_emulators.kit.hosts import INTUIT, LOGIN, PUBSUB

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
MY_DOMAINS = ("acme.my.salesforce.com", "acme--uat.sandbox.my.salesforce.com", "acme-dev-ed.develop.my.salesforce.com")


@pytest.fixture(scope="module")
def issued() -> Certificates:
    return issue(NOW)


def loaded(issued: Certificates) -> tuple[x509.Certificate, x509.Certificate]:
    return x509.load_pem_x509_certificate(issued.authority), x509.load_pem_x509_certificate(issued.server)


def judge(authority: x509.Certificate, name: str) -> verification.ServerVerifier:
    """Names and purposes may be marked as critical or not, as RFC 5280 (4.2.1.6, 4.2.1.12) lets them be."""
    either = verification.Criticality.AGNOSTIC
    servers = verification.ExtensionPolicy.webpki_defaults_ee()
    servers = servers.require_present(x509.SubjectAlternativeName, either, None)
    servers = servers.require_present(x509.ExtendedKeyUsage, either, None)
    authorities = verification.ExtensionPolicy.webpki_defaults_ca()
    policy = verification.PolicyBuilder().store(verification.Store([authority])).time(NOW)
    policy = policy.extension_policies(ca_policy=authorities, ee_policy=servers)
    return policy.build_server_verifier(x509.DNSName(name))


@pytest.mark.parametrize("name", ["localhost", *INTUIT, *LOGIN, *PUBSUB, *MY_DOMAINS])
def test_a_strict_judge_takes_the_certificate_for_every_name(issued: Certificates, name: str) -> None:
    authority, server = loaded(issued)
    chain = judge(authority, name).verify(server, [])
    assert chain == [server, authority]


@pytest.mark.parametrize(
    "name", ["my.salesforce.com", "a.b.my.salesforce.com", "acme.lightning.force.com", "intuit.com", "example.com"]
)
def test_and_for_no_other(issued: Certificates, name: str) -> None:
    authority, server = loaded(issued)
    with pytest.raises(verification.VerificationError, match="leaf certificate has no matching subjectAltName"):
        judge(authority, name).verify(server, [])


def test_what_the_certificates_are_for(issued: Certificates) -> None:
    authority, server = loaded(issued)
    use = server.extensions.get_extension_for_class(x509.KeyUsage)
    assert (use.critical, use.value.digital_signature, use.value.key_cert_sign) == (True, True, False)
    extended = server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert ExtendedKeyUsageOID.SERVER_AUTH in extended
    assert not server.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert server.not_valid_before_utc < NOW < server.not_valid_after_utc
    assert server.not_valid_after_utc - server.not_valid_before_utc <= timedelta(days=398)
    assert b"PRIVATE" not in issued.authority + issued.server


def test_with_a_folder_of_state_the_authority_stays(tmp_path: Path) -> None:
    first = PrivateAuthority(tmp_path)
    first.close()
    assert PrivateAuthority(tmp_path).certificates == first.certificates
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    (tmp_path / KEY_FILE).write_bytes(issue(NOW).key)  # the key of another certificate
    renewed = PrivateAuthority(tmp_path)
    assert renewed.certificates.authority != first.certificates.authority
    assert renewed.ca_file.read_bytes() == renewed.certificates.authority
