"""Files on records: upload, metadata, short-lived addresses (reference 6.11)."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from ml_emulators.kit.wire import Request, dumps, loads

from .client import Client, Json, Shop, ref

FORM = {"content-type": "multipart/form-data; boundary=cut"}


def part(name: str, content: bytes, *headers: str, file: str = "", end: bytes = b"\r\n") -> bytes:
    shown = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{file}"' if file else "")
    return b"--cut" + end + end.join(one.encode() for one in (shown, *headers)) + end + end + content + end


def upload(client: Client, *parts: bytes) -> Json:
    answer = client.send("POST", "/upload", b"".join(parts) + b"--cut--\r\n", FORM)
    body: Json = loads(answer.body)
    return body


def one(body: Json) -> Json:
    found: Json = body["AttachableResponse"][0]["Attachable"]
    return found


def fetched(client: Client, attachable: Json) -> tuple[int, bytes]:
    answer = client.server.handle(Request("GET", urlsplit(attachable["TempDownloadUri"]).path))
    return answer.status, answer.body


def test_a_file_with_its_metadata(shop: Shop) -> None:
    invoice = shop.invoice()["Id"]
    about = {"AttachableRef": [{"EntityRef": {"type": "Invoice", "value": invoice}}], "FileName": "a.txt"}
    made = one(
        upload(
            shop,
            part("file_metadata_0", dumps({**about, "ContentType": "text/plain"}), "Content-Type: application/json"),
            part("file_content_0", b"--not\r\nthe end\n", "Content-Type: text/plain", file="other.txt"),
        )
    )
    assert (made["FileName"], made["ContentType"], made["Size"]) == ("a.txt", "text/plain", 15)
    assert fetched(shop, made) == (200, b"--not\r\nthe end\n")
    assert shop.read("Attachable", made["Id"])["AttachableRef"][0]["EntityRef"]["value"] == invoice


def test_several_files_without_metadata(qbo: Client) -> None:
    end = b"\n"
    told = upload(
        qbo,
        part("file_content_01", b64encode(b"\x00\xff"), "Content-Transfer-Encoding: base64", file="b.bin", end=end),
        part("file_content_02", b"two", "Content-Type: text/plain", file="c.txt", end=end),
    )
    first, second = (entry["Attachable"] for entry in told["AttachableResponse"])
    assert [(made["FileName"], made["Size"]) for made in (first, second)] == [("b.bin", 2), ("c.txt", 3)]
    assert (fetched(qbo, first)[1], fetched(qbo, second)[1]) == (b"\x00\xff", b"two")


def test_an_address_lives_a_quarter_of_an_hour(qbo: Client) -> None:
    made = one(upload(qbo, part("file_content_0", b"x", file="x.txt")))
    qbo.clock.advance(timedelta(minutes=15))
    assert fetched(qbo, made)[0] == 200
    qbo.clock.advance(timedelta(seconds=1))
    assert fetched(qbo, made)[0] == 403
    assert fetched(qbo, qbo.query("select * from Attachable")["Attachable"][0]) == (200, b"x")


def test_an_attachment_changes_and_goes(qbo: Client) -> None:
    made = one(upload(qbo, part("file_content_0", b"x", file="x.txt")))
    changed = qbo.change("Attachable", made, Note="read me")
    assert (changed["Note"], changed["FileName"], changed["SyncToken"]) == ("read me", "x.txt", "1")
    qbo.post("/attachable", {"Id": made["Id"], "SyncToken": "1"}, operation="delete")
    assert fetched(qbo, made)[0] == 404


def test_deleting_an_attachment_leaves_the_books_alone(shop: Shop) -> None:
    shop.invoice(60)
    note = shop.make("Attachable", Note="n")
    before = shop.read("Customer", shop.customer)["Balance"]
    shop.post("/attachable", {"Id": note["Id"], "SyncToken": "0"}, operation="delete")
    assert shop.read("Customer", shop.customer)["Balance"] == before == 60


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([part("file_metadata_0", b"{}")], "2020"),
        ([part("file_metadata_0", b"{"), part("file_content_0", b"x")], "2010"),
        ([part("file_content_0", b"abc", "Content-Transfer-Encoding: base64")], "6000"),
        (
            [part("file_metadata_0", dumps({"AttachableRef": [{"EntityRef": ref("1")}]})), part("file_content_0", b"")],
            "2500",
        ),
    ],
)
def test_uploads_that_are_refused(qbo: Client, parts: list[bytes], code: str) -> None:
    assert upload(qbo, *parts)["Fault"]["Error"][0]["code"] == code


def test_a_name_alone_is_no_file(qbo: Client) -> None:
    assert qbo.fault("/attachable", {"FileName": "a.txt"})["code"] == "6000"
    assert qbo.send("POST", "/upload", b"{}", {"content-type": "application/json"}).status == 400


@pytest.mark.parametrize("path", ["/downloads", "/downloads/1/2/3/4", "/downloads/4620816365000000001/1/x/y"])
def test_addresses_that_lead_nowhere(qbo: Client, path: str) -> None:
    assert qbo.server.handle(Request("GET", path)).status == 404
