"""The private authority and its certificate, judged by a strict verifier."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from ml_emulators.kit.certificates import KEY_FILE, Papers, Trust, issue
from ml_emulators.kit.hosts import INTUIT, LOGIN, PUBSUB

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
MY_DOMAINS = ("acme.my.salesforce.com", "acme--uat.sandbox.my.salesforce.com", "acme-dev-ed.develop.my.salesforce.com")


@pytest.fixture(scope="module")
def papers() -> Papers:
    return issue(NOW)


def loaded(papers: Papers) -> tuple[x509.Certificate, x509.Certificate]:
    return x509.load_pem_x509_certificate(papers.authority), x509.load_pem_x509_certificate(papers.server)


@pytest.mark.parametrize("name", ["localhost", *INTUIT, *LOGIN, *PUBSUB, *MY_DOMAINS])
def test_a_strict_judge_takes_the_certificate_for_every_name(papers: Papers, name: str) -> None:
    authority, server = loaded(papers)
    judge = verification.PolicyBuilder().store(verification.Store([authority])).time(NOW)
    chain = judge.build_server_verifier(x509.DNSName(name)).verify(server, [])
    assert chain == [server, authority]


@pytest.mark.parametrize(
    "name", ["my.salesforce.com", "a.b.my.salesforce.com", "acme.lightning.force.com", "intuit.com", "example.com"]
)
def test_and_for_no_other(papers: Papers, name: str) -> None:
    authority, server = loaded(papers)
    judge = verification.PolicyBuilder().store(verification.Store([authority])).time(NOW)
    with pytest.raises(verification.VerificationError):
        judge.build_server_verifier(x509.DNSName(name)).verify(server, [])


def test_what_the_certificates_are_for(papers: Papers) -> None:
    authority, server = loaded(papers)
    use = server.extensions.get_extension_for_class(x509.KeyUsage)
    assert (use.critical, use.value.digital_signature, use.value.key_cert_sign) == (True, True, False)
    extended = server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(extended) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not server.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert server.not_valid_before_utc < NOW < server.not_valid_after_utc
    assert server.not_valid_after_utc - server.not_valid_before_utc <= timedelta(days=398)
    assert b"PRIVATE" not in papers.authority + papers.server


def test_with_a_folder_of_state_the_authority_stays(tmp_path: Path) -> None:
    first = Trust(tmp_path)
    first.close()
    assert Trust(tmp_path).papers == first.papers
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    (tmp_path / KEY_FILE).write_bytes(issue(NOW).key)  # the key of another certificate
    renewed = Trust(tmp_path)
    assert renewed.papers.authority != first.papers.authority
    assert renewed.ca_file.read_bytes() == renewed.papers.authority
