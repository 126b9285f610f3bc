"""Settings: what is written beside what is read, or beside what a person is told."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.model.errors import WrongUse
from ml_connector.model.rules import Rules, Template
from ml_connector.settings import (
    OF_CONNECTION,
    Settings,
    as_markdown,
    change_settings,
    json_schema,
    load,
    load_all,
    load_text,
    settings_file,
    write_connection,
    write_settings,
)
from ml_connector.settings.convert import value
from ml_connector.settings.layout import Layout, Text
from ml_connector.settings.load import _settings_or_error
from ml_connector.settings.shape import NESTED, SECTIONS, Key, all_keys

HOME = Path("/home/ana/.ml-connector")
DOCS = Path(__file__).parents[1] / "docs"
QUICKBOOKS = '[quickbooks]\nenvironment = "production"\nclient_id = "ABx"\nrealm_id = "9130350000000000"\n'
SALESFORCE = '[salesforce]\nbase_url = "https://acme.my.salesforce.com"\norg_id = "00D000000000001AAA"\n'
REHEARSAL = {
    "quickbooks": {
        "environment": "rehearsal",
        "base_url": "http://127.0.0.1:40001",
        "token_url": "http://127.0.0.1:40001/oauth2/v1/tokens/bearer",
        "realm_id": "4620816365000000001",
    },
    "salesforce": {"base_url": "http://127.0.0.1:40002", "org_id": "00D000000000001"},
}

ODD_FILE = """\
# ours
[rules]
start_date = 2026-11-01   # go-live
[rules.template] # agreed with Ana
id = "T1"

# accounts
unbilled = "85"

[cadence]
sweep_minutes = 30
"""


def rules(text: str) -> Rules:
    return load_text(text, HOME, {}).rules


def told(text: str, env: dict[str, str] | None = None) -> str:
    with pytest.raises(WrongUse) as caught:
        load_text(text, HOME, env or {})
    assert caught.value.exit_status == 2
    return str(caught.value)


def test_an_empty_file_gives_the_defaults_of_the_rules() -> None:
    settings = load_text("", HOME, {})
    assert settings.rules == Rules(realm_id="", org_id="")
    assert settings.state.url == "sqlite:////home/ana/.ml-connector/state.db"
    assert settings.cadence.sweep_minutes == 15
    assert settings.quickbooks is None


@pytest.mark.parametrize(
    ("cron", "words"),
    [("0 18 * *", "has not five fields"), ("0 25 * * *", "cannot be read (Bad hour)")],
)
def test_a_cron_expression_that_is_none_is_named(cron: str, words: str) -> None:
    assert told(f'[cadence]\norders_at = "{cron}"').startswith(f"settings.toml, line 2: [cadence] orders_at {words}.")


def test_a_schedule_without_a_close_has_the_daily_orders_alone() -> None:
    cadence = load_text("[cadence]\nclose_days = 0", HOME, {}).cadence
    assert [entry.does.value for entry in cadence.entries()] == ["orders"]
    assert load_text('[cadence]\nclose_days = 0\norders_at = ""', HOME, {}).cadence.entries() == []


def test_ids_of_company_and_org_reach_the_rules() -> None:
    settings = load_text(QUICKBOOKS + SALESFORCE, HOME, {})
    assert (settings.rules.realm_id, settings.rules.org_id) == ("9130350000000000", "00D000000000001AAA")
    assert [system.base_url for system in settings.both()] == [
        "https://quickbooks.api.intuit.com",
        "https://acme.my.salesforce.com",
    ]


@pytest.mark.parametrize(
    ("environment", "base_url"),
    [
        ("production", "https://quickbooks.api.intuit.com"),
        ("sandbox", "https://sandbox-quickbooks.api.intuit.com"),
    ],
)
def test_addresses_follow_from_the_environment(environment: str, base_url: str) -> None:
    quickbooks = load_text(f'[quickbooks]\nenvironment = "{environment}"', HOME, {}).quickbooks
    assert quickbooks is not None
    assert quickbooks.base_url == base_url
    assert quickbooks.token_url == "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("", "QuickBooks"),
        ('[quickbooks]\nenvironment = "production"\n' + SALESFORCE, "QuickBooks"),
        (QUICKBOOKS, "Salesforce"),
    ],
)
def test_a_side_that_is_not_connected_is_named(text: str, missing: str) -> None:
    with pytest.raises(WrongUse, match=f"{missing} is not connected yet"):
        load_text(text, HOME, {}).both()


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("max_lines = 600", "max_lines", 600),
        ("rate_band_pct = 12.5", "rate_band_pct", Decimal("12.5")),
        ('auto_approve_limit = "250.00"', "auto_approve_limit", Decimal("250.00")),
        ("start_date = 2026-11-01", "start_date", date(2026, 11, 1)),
        ('start_date = "2026-11-01"', "start_date", date(2026, 11, 1)),
        ("invoice_history = true", "invoice_history", True),
        ('item_mappings = { 01t1 = "12" }', "item_mappings", {"01t1": "12"}),
        (
            '[rules.template]\nid = "T1"\ndeferred = { "4000" = "92" }',
            "template",
            Template(id="T1", deferred={"4000": "92"}),
        ),
        ('[rules.template]\nid = "T0"', "template", Template(id="T0")),
    ],
)
def test_what_is_written_is_read(line: str, name: str, value: object) -> None:
    assert getattr(rules(f"[rules]\n{line}"), name) == value


def test_tables_in_lists() -> None:
    found = rules(
        '[[rules.account_rules]]\nsku = "S"\naccount = "1"\n'
        '[[rules.dim_defaults]]\nclass = "blank"\nfamily = "Shipping"'
    )
    assert (found.account_rules[0].sku, found.account_rules[0].account) == ("S", "1")
    assert (found.dim_defaults[0].class_, found.dim_defaults[0].department) == ("blank", "")


@pytest.mark.parametrize(
    ("text", "sentence", "remedy"),
    [
        (
            "[rules]\n\nmax_line = 5",
            "settings.toml, line 3: [rules] max_line is not a setting.",
            "Did you mean max_lines?",
        ),
        ("[rule]\nmax_lines = 5", "settings.toml, line 1: [rule] is not a setting.", "Did you mean rules?"),
        ("max_lines = 5", "line 1: max_lines stands outside a section.", "Put it below  [rules]"),
        (
            "[rules]\nmax_lines = '5'",
            "line 2: [rules] max_lines must be a whole number from 2 to 1000; it is a text.",
            "500",
        ),
        ("[rules]\nmax_lines = 1", "max_lines must be a whole number from 2 to 1000.", "Correct the number."),
        ("[rules]\nrate_band_pct = nan", "rate_band_pct must be a number from 0 to 100; it is a number.", "10.5"),
        (
            "[rules]\ninvoice_history = 'on'",
            "invoice_history must be true or false, without quotes; it is a text.",
            "Write for example  true",
        ),
        (
            "[rules]\nclosed_policy = 'nextopen'",
            "must be one of hold, next_open; it is a text.",
            "Did you mean next_open?",
        ),
        (
            "[rules]\nstart_date = 11",
            "start_date must be a day such as 2026-01-31; it is a whole number.",
            "Write for example",
        ),
        ("[rules]\ntime_zone = 'PST'", "time_zone is no time zone.", "for example America/Los_Angeles"),
        ("[rules]\nrevenue_schedule = 'daily'", "revenue_schedule is not offered by this version.", "Remove it."),
        ("[rules]\nmatch_review = 90", "match_review must be below match_auto.", "Lower it"),
        ("[rules]\ndim_unmapped = 'default_class'", "dim_unmapped needs a default_class.", "id of a class"),
        ("[rules]\ndiscount_mode = 'gross'", "discount_mode is gross, which needs template T2 or T3.", "Write net."),
        ("[rules]\nitem_mappings = { a = 1 }", "item_mappings must be a table of texts.", "in quotes"),
        ("[rules]\ntemplate = 'T1'", "[rules.template] must be a table.", "[rules.template]"),
        ("[rules.template]\nunbilled = '85'", "[rules.template] has no id.", "T1 posts Dr Unbilled"),
        (
            "[rules.template]\nid = 'T1'\nunbiled = '85'",
            "line 3: [rules.template] unbiled is not",
            "Did you mean unbilled?",
        ),
        ("[rules.template]\nid = 'T2'", "[rules.template] id is T2, which this version does not post", "Choose T1"),
        ("[rules.template]\nid = 'T3'", "[rules.template] id is T3, which this version does not post", "Choose T1"),
        (
            "[[rules.account_rules]]\naccount='1'\nsku='S'\n[[rules.account_rules]]\naccount='1'",
            "line 5: [rules.account_rules] entry 2, account needs",
            "Give one of the two.",
        ),
        (
            "[network]\nca_file = 'ca.pem'",
            "ca_file names /home/ana/.ml-connector/ca.pem, which is not there.",
            "Correct",
        ),
        ("[quickbooks]\nclient_secret = 'x'", "[quickbooks] client_secret looks like a secret", "ml-connector connect"),
        (
            "[rules.template]\nid='T1'\nApi-Key = 'x'",
            "[rules.template] Api-Key looks like a secret",
            "change that secret",
        ),
        ("[state]\nurl = 'postgresql://me:pw@db/x'", "[state] url holds a password", "MLC_STATE_URL"),
        ("[state]\nurl = 'mysql://db/x'", "[state] url is no database we know.", "sqlite:///"),
        ("a = ", "settings.toml, line 1: this is not TOML.", "texts in quotes"),
    ],
)
def test_what_does_not_fit_is_named_with_its_fix(text: str, sentence: str, remedy: str) -> None:
    message = told(text)
    assert sentence in message
    assert remedy in message


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("", "[quickbooks] has no environment."),
        ('environment = "live"', "environment must be one of production, sandbox, rehearsal; it is a text."),
        ('environment = "rehearsal"', "base_url is no address."),
        (
            'environment = "rehearsal"\nbase_url = "https://q.example"\ntoken_url = "https://q.example"',
            "is rehearsal, but",
        ),
        ('environment = "production"\nbase_url = "http://127.0.0.1:1"', "is production, but base_url is an emulator"),
        ('environment = "production"\nbase_url = "https://sandbox-quickbooks.api.intuit.com"', "base_url is a sandbox"),
        ('environment = "sandbox"\nbase_url = "https://quickbooks.api.intuit.com"', "base_url is production"),
        ('environment = "production"\nbase_url = "http://q.example"', "must begin with https"),
        ('environment = "production"\nbase_url = "https://a:b@q.example"', "holds a user name or password"),
        ('environment = "production"\nbase_url = "https://q.example/?x=1"', "has a part that does not belong there"),
        ('environment = "production"\nrealm_id = "9130 35"', "realm_id must be digits."),
    ],
)
def test_production_and_rehearsal_are_never_mixed_up(lines: str, sentence: str) -> None:
    assert sentence in told(f"[quickbooks]\n{lines}")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("https://acme.lightning.force.com", "is the page for people"),
        ("https://login.salesforce.com", "is the common sign-in page"),
        ("https://test.salesforce.com/", "is the common sign-in page"),
        ("acme.my.salesforce.com", "is no address"),
        ("https://[", "is no address"),
    ],
)
def test_only_the_my_domain_address_is_taken(address: str, sentence: str) -> None:
    assert sentence in told(f'[salesforce]\nbase_url = "{address}"')


@pytest.mark.parametrize("line", ['org_id = "00E000000000001"', 'api_version = "v67"', 'api_version = "41.0"'])
def test_salesforce_ids_and_versions(line: str) -> None:
    assert line.partition(" ")[0] in told(f'[salesforce]\nbase_url = "https://acme.my.salesforce.com"\n{line}')


@pytest.mark.parametrize(
    ("variable", "value", "read"),
    [
        ("MLC_RULES_MAX_LINES", "600", lambda s: s.rules.max_lines == 600),
        ("MLC_RULES_INVOICE_HISTORY", "on", lambda s: s.rules.invoice_history is True),
        ("MLC_RULES_START_DATE", "2026-11-01", lambda s: s.rules.start_date == date(2026, 11, 1)),
        ("MLC_RULES_RATE_BAND_PCT", "12.5", lambda s: s.rules.rate_band_pct == Decimal("12.5")),
        ("MLC_RULES_MAX_LINES", "", lambda s: s.rules.max_lines == 40),
        ("MLC_STATE_URL", "postgresql+psycopg://me:pw@db/x", lambda s: s.state.url.endswith("pw@db/x")),
        ("MLC_QUICKBOOKS_ENVIRONMENT", "sandbox", lambda s: s.quickbooks.environment == "sandbox"),
        ("MLC_QUICKBOOKS_CLIENT_SECRET", "x", lambda s: s.quickbooks is None),
        ("MLC_RECORDED_DIR", "/x", lambda s: True),
    ],
)
def test_the_environment_wins_over_the_file(variable: str, value: str, read: Any) -> None:
    assert read(load_text("[rules]\nmax_lines = 40", HOME, {variable: value}))


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("MLC_RULES_MAX_LINE", "5", "Environment variable MLC_RULES_MAX_LINE: [rules] max_line is not a setting."),
        ("MLC_RULES_MAX_LINES", "many", "Environment variable MLC_RULES_MAX_LINES: [rules] max_lines must be"),
        ("MLC_RULES_INVOICE_HISTORY", "perhaps", "[rules] invoice_history must be true or false"),
        ("MLC_RULES_ITEM_MAPPINGS", "{}", "[rules] item_mappings is a table."),
        ("MLC_SALESFORCE_BASE_URL", "https://login.salesforce.com", "variable MLC_SALESFORCE_BASE_URL: [salesforce]"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, value: str, sentence: str) -> None:
    assert sentence in told("", {variable: value})


def test_no_value_and_no_password_shows_itself() -> None:
    message = told("[rules]\nmax_lines = 'hunter2'")
    settings = load_text("", HOME, {"MLC_STATE_URL": "postgresql://me:hunter2@db/x"})
    assert "hunter2" not in message + repr(settings)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "There is no settings.toml"), (b"[rules]\n# \xff", "settings.toml, line 2: the file is not UTF-8.")],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    if content is not None:
        settings_file(tmp_path).write_bytes(content)
    with pytest.raises(WrongUse, match=sentence):
        load(tmp_path, {})


def test_init_writes_a_file_that_reads_back(tmp_path: Path) -> None:
    template = Template(id="T1", unbilled="85", deferred={"4000": "92"})
    write_settings(tmp_path / "new", REHEARSAL | {"rules": {"start_date": date(2026, 11, 1), "template": template}})
    settings = load(tmp_path / "new", {})
    assert settings.rules.template == template
    assert settings.rules.start_date == date(2026, 11, 1)
    assert settings.both()[0].realm_id == "4620816365000000001"
    assert settings_file(tmp_path / "new").stat().st_mode & 0o77 == 0


def test_the_commented_defaults_are_the_defaults(tmp_path: Path) -> None:
    written = write_settings(tmp_path, {}).read_text("utf-8")
    shown = {line[2:] for line in written.splitlines() if line.startswith("# ")}
    assert {"max_lines = 500", 'rate_band_pct = "10"', "sweep_minutes = 15"} <= shown
    assert load(tmp_path, {}) == load_text("", tmp_path, {})


@pytest.mark.parametrize(
    "values",
    [{"quickbooks": {"client_secret": "x"}}, {"state": {"url": "postgresql://a:b@c/d"}}, {"rules": {"max_lines": 1}}],
)
def test_init_refuses_what_reading_would_refuse(tmp_path: Path, values: dict[str, dict[str, Any]]) -> None:
    with pytest.raises(WrongUse):
        write_settings(tmp_path, values)
    assert not settings_file(tmp_path).exists()


def test_init_does_not_write_over_a_file(tmp_path: Path) -> None:
    write_settings(tmp_path, {})
    with pytest.raises(WrongUse, match="already there"):
        write_settings(tmp_path, {})


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (
            '[rules]\nstart_date = 2026-11-01\ntemplate = { id = "T0" } # none yet\n',
            '[rules]\nstart_date = 2026-11-01\ntemplate = { id = "T0", unbilled = "85"} # none yet\n',
        ),
        (
            'rules = { template = { id = "T0" } }\n',
            'rules = { template = { id = "T0", unbilled = "85"} }\n',
        ),
        ('rules.template.id = "T0"\n', 'rules.template.id = "T0"\nrules.template.unbilled = "85"\n'),
        (
            '[ rules . template ] # ana\r\nid = "T0"\r\n\r\n# next\r\n[rules]\r\nmax_lines = 9\r\n',
            '[ rules . template ] # ana\r\nid = "T0"\r\nunbilled = "85"\r\n\r\n# next\r\n[rules]\r\nmax_lines = 9\r\n',
        ),
    ],
)
def test_a_table_is_changed_as_it_is_written(tmp_path: Path, text: str, changed: str) -> None:
    settings_file(tmp_path).write_bytes(text.encode())
    change_settings(tmp_path, "rules.template", {"unbilled": "85"})
    assert settings_file(tmp_path).read_bytes().decode() == changed


def test_a_file_that_cannot_be_changed_safely_stays_as_it_is(tmp_path: Path) -> None:
    text = "rules.max_lines = 7\nnetwork.connections = 5\n"
    settings_file(tmp_path).write_text(text, "utf-8")
    with pytest.raises(WrongUse, match=r"cannot be changed safely at \[rules.template\].*id = \"T0\""):
        change_settings(tmp_path, "rules.template", {"id": "T0"})
    assert settings_file(tmp_path).read_text("utf-8") == text


def test_a_section_that_is_not_there_is_added(tmp_path: Path) -> None:
    settings_file(tmp_path).write_text(QUICKBOOKS, "utf-8")
    change_settings(tmp_path, "quickbooks", {"realm_id": "123"})
    change_settings(tmp_path, "cadence", {"sweep_minutes": 5})
    settings = load(tmp_path, {})
    assert (settings.rules.realm_id, settings.cadence.sweep_minutes) == ("123", 5)


def test_every_setting_of_the_rules_can_be_set() -> None:
    named = {key.field for key in all_keys() if key.table == "rules"}
    assert named == {*Rules.__struct_fields__} - {"realm_id", "org_id", "template_doubted"}


def test_the_page_is_the_one_the_program_prints() -> None:
    assert (DOCS / "settings.md").read_text("utf-8").endswith(as_markdown())


def test_the_schema_has_every_key_with_its_meaning_and_bounds() -> None:
    schema = json_schema()
    sections = {name: _followed(schema, section) for name, section in schema["properties"].items()}
    for key in all_keys():
        parent, _, name = key.table.partition(".")
        place = sections[parent]
        if name:
            nested = place["properties"][name]
            place = _followed(schema, nested.get("items") or nested["anyOf"][0])
        assert place["properties"][key.name]["description"] == key.description != ""
        assert place["additionalProperties"] is False
        assert (key.name in place["required"]) == key.required
    assert (
        sections["rules"]["properties"]["max_lines"].items()
        >= {"type": "integer", "minimum": 2, "maximum": 1000}.items()
    )
    decimal = {"type": ["number", "string"], "minimum": 0, "maximum": 100}
    assert sections["rules"]["properties"]["rate_band_pct"].items() >= decimal.items()
    assert set(sections) == set(SECTIONS)
    assert set(NESTED) == {key.table for key in all_keys()} - set(SECTIONS)


def _followed(schema: dict[str, Any], place: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["$defs"][place["$ref"].removeprefix("#/$defs/")]
    return found


@pytest.mark.parametrize("key", [key for key in all_keys() if key.bounds], ids=lambda key: key.path)
def test_the_bounds_are_checked(key: Key) -> None:
    assert key.bounds is not None
    for number, fits in zip((key.bounds[0] - 1, *key.bounds, key.bounds[1] + 1), (0, 1, 1, 0), strict=True):
        if fits:
            assert value(key, number, (key.table, key.name), str) == number
        else:
            with pytest.raises(WrongUse, match=f"from {key.bounds[0]} to {key.bounds[1]}"):
                value(key, number, (key.table, key.name), str)


names = st.sampled_from([key.name for key in all_keys()]) | st.text(min_size=1, max_size=8)
scalars = (
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.dates()
    | st.datetimes()
)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(names, inner), max_leaves=6)


@given(st.dictionaries(st.sampled_from([*SECTIONS]) | names, st.dictionaries(names, values, max_size=4) | values))
def test_nothing_that_a_file_may_hold_ends_in_a_bare_exception(content: dict[str, Any]) -> None:
    text = "\n".join(f"{_toml(name)} = {_toml(value)}" for name, value in content.items())
    assert tomllib.loads(text).keys() == content.keys()
    with_outcome(text)


@given(st.text(), st.sampled_from([QUICKBOOKS, SALESFORCE, ODD_FILE]), st.integers(0, 200))
def test_a_damaged_file_is_refused_in_words(piece: str, text: str, at: int) -> None:
    with_outcome(text[:at] + piece + text[at:])


@given(st.sampled_from([key.path for key in all_keys()]), st.text(max_size=40))
def test_a_damaged_variable_is_refused_in_words(path: str, value: str) -> None:
    with_outcome("", {"MLC_" + path.replace(".", "_").upper(): value})


def with_outcome(text: str, env: dict[str, str] | None = None) -> None:
    try:
        load_text(text, HOME, env or {})
    except WrongUse as error:
        assert error.sentence  # noqa: PT017 - either outcome is right
        assert error.remedy  # noqa: PT017


def _toml(value: Any) -> str:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, list):
        return "[" + ",".join(map(_toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_toml(str(name))}={_toml(inner)}" for name, inner in value.items()) + "}"
    return str(tomlkit.item(value).as_string())


# --- several connections in one home


def _company(number: int) -> dict[str, dict[str, str]]:
    org = f"00D00000000000{number}"
    return {
        "quickbooks": {"environment": "production", "realm_id": f"913{number}"},
        "salesforce": {"base_url": f"https://acme{number}.my.salesforce.com", "org_id": org},
    }


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """A home whose first connection stands in settings.toml, and two more."""
    write_settings(tmp_path, {**_company(1), "network": {"connections": 8}})
    write_connection(tmp_path, "east", {**_company(2), "rules": {"max_lines": 7}})
    write_connection(tmp_path, "west-2", _company(3))
    return tmp_path


def test_each_connection_has_its_own_rules_and_all_share_the_installation(three: Path) -> None:
    loaded = load_all(three, {"MLC_STATE_URL": "sqlite:///elsewhere.db"})
    assert list(loaded) == ["default", "east", "west-2"]
    read = [settings for settings in loaded.values() if isinstance(settings, Settings)]
    assert [settings.rules.realm_id for settings in read] == ["9131", "9132", "9133"]
    assert [settings.rules.max_lines for settings in read] == [500, 7, 500]
    assert {settings.network.connections for settings in read} == {8}
    assert {settings.state.url for settings in read} == {"sqlite:///elsewhere.db"}
    assert load(three, {}, "east") == msgspec.structs.replace(read[1], state=load(three, {}, "default").state)


def test_which_one_is_meant_must_be_said(three: Path) -> None:
    with pytest.raises(WrongUse, match="has 3 connections: default, east, west-2") as caught:
        load(three, {})
    assert "--connection NAME" in caught.value.remedy
    with pytest.raises(WrongUse, match="There is: default, east, west-2"):
        load(three, {}, "north")


def test_a_home_with_one_connection_needs_no_name(tmp_path: Path) -> None:
    write_settings(tmp_path, {})
    assert load(tmp_path, {}).name == load(tmp_path, {}, "default").name == "default"
    write_connection(tmp_path, "east", _company(1))
    assert load(tmp_path, {}).name == "east", "settings.toml holds no connection, only comments"


@pytest.mark.parametrize(
    "variable", ["QUICKBOOKS_CLIENT_ID", "SALESFORCE_ORG_ID", "RULES_MAX_LINES", "CADENCE_SWEEP_MINUTES"]
)
def test_a_variable_that_could_be_meant_for_any_is_refused(variable: str, three: Path) -> None:
    with pytest.raises(WrongUse, match=f"MLC_{variable} does not say which of the connections"):
        load(three, {f"MLC_{variable}": "8"}, "east")
    load(three, {f"MLC_{variable}": "", "MLC_NETWORK_CONNECTIONS": "8", "MLC_QUICKBOOKS_CLIENT_SECRET": "x"}, "east")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[rules]\nmax_line = 5", "connections/east.toml, line 2: [rules] max_line is not a setting."),
        ("[rules]\n\nmax_lines = 1", "connections/east.toml, line 3: [rules] max_lines must be"),
        ("[network]\nconnections = 5", "connections/east.toml, line 1: [network] is of the whole installation"),
        ("[quickbooks]\nclient_id = 'a'", "connections/east.toml: [quickbooks] has no environment."),
        ("max = ", "connections/east.toml, line 1: this is not TOML."),
        ("[quickbooks]\nclient_secret = 'a'", "connections/east.toml, line 2: [quickbooks] client_secret looks like a"),
    ],
)
def test_what_is_wrong_in_a_file_of_a_connection_is_told_of_that_file(text: str, sentence: str, three: Path) -> None:
    (three / "connections/east.toml").write_text(text)
    with pytest.raises(WrongUse) as caught:
        load(three, {}, "east")
    assert sentence in str(caught.value)
    loaded = load_all(three, {})
    assert isinstance(loaded["east"], WrongUse), "the others go on"
    assert isinstance(loaded["west-2"], Settings)


def test_the_same_connection_is_not_in_two_files(three: Path) -> None:
    with pytest.raises(WrongUse, match="north and east are the same connection"):
        write_connection(three, "north", _company(2))
    (three / "connections/east.toml").rename(three / "connections/north.toml")
    assert load(three, {}, "north").rules.max_lines == 7, "a name is only a name"
    write_connection(three, "east", {**_company(2), "salesforce": _company(3)["salesforce"]})


@pytest.mark.parametrize("name", ["East", "-east", "a" * 41, "../east", "ea st", "", "östlich"])
def test_odd_names_are_refused(name: str, three: Path) -> None:
    with pytest.raises(WrongUse, match="no name of a connection"):
        write_connection(three, name, {})
    assert sorted(path.name for path in (three / "connections").iterdir()) == ["east.toml", "west-2.toml"]


@pytest.mark.parametrize("name", ["default", "east"])
def test_a_name_that_is_taken_is_refused(name: str, three: Path) -> None:
    with pytest.raises(WrongUse, match="already"):
        write_connection(three, name, {})


def test_a_connection_in_two_places_is_refused(three: Path) -> None:
    (three / "connections/default.toml").write_text("")
    with pytest.raises(WrongUse, match=r"stands in settings\.toml and in connections/default\.toml"):
        load(three, {}, "east")


def test_a_change_goes_to_the_file_of_the_connection_and_leaves_the_rest(three: Path) -> None:
    before = settings_file(three).read_text()
    file = three / "connections/east.toml"
    text = file.read_text()
    change_settings(three, "rules", {"max_lines": 9}, "east")
    assert file.read_text() == text.replace("max_lines = 7", "max_lines = 9")
    change_settings(three, "network", {"connections": 9}, "east")
    assert settings_file(three).read_text() == before.replace("connections = 8", "connections = 9")
    change_settings(three, "rules", {"max_lines": 8}, "default")
    assert [load(three, {}, name).rules.max_lines for name in ("default", "east", "west-2")] == [8, 9, 500]
    with pytest.raises(WrongUse, match="max_lines must be"):
        change_settings(three, "rules", {"max_lines": 0}, "east")
    assert load(three, {}, "east").rules.max_lines == 9


PIECES = st.sampled_from([
    "[quickbooks]", "[salesforce]", "[rules]", "[state]", "[network]", "[[rules]]", "[rules.template]", "realm_id = 5",
    'environment = "production"', 'environment = "rehearsal"', 'base_url = "https://a.my.salesforce.com"', "url = 5",
    'org_id = "00D000000000001"', "max_lines = 5", "connections = true", "x = [", "=", "\0", "'''", "a.b.c = {}",
])  # fmt: skip


@given(st.lists(PIECES, max_size=8), st.lists(PIECES, max_size=8))
def test_whatever_stands_in_the_files_ends_in_settings_or_in_a_sentence(ours: list[str], own: list[str]) -> None:
    installation = Text("settings.toml", "\n".join(ours))
    connection = Text("connections/east.toml", "\n".join(own), OF_CONNECTION)
    other = Text("connections/west.toml", "\n".join(ours), OF_CONNECTION)
    layout = Layout(HOME, installation, {"east": connection, "west": other})
    for name in ("east", "west"):
        result = _settings_or_error(layout, name, {})
        assert result.remedy if isinstance(result, WrongUse) else result.name == name
