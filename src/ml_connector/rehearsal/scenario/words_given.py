"""Entries that make records, as users of the vendors' screens do."""

from __future__ import annotations

from .lines import LINES
from .values import AMOUNT, COUNT, DAY, FLAG, MOMENT, MOMENT_OR_FLAG, TABLE, TEXT, TEXTS, Param, choice, rows
from .words import Verb

FIELDS = Param("fields", TABLE, "More fields in the vendor's own spelling, laid over the rest.")
AT = Param("at", MOMENT, "When it is done; the clock is set there for this one act.")
ADDRESS = (
    Param("street", TEXT, "Street and number of the billing address."),
    Param("city", TEXT, "City."),
    Param("state", TEXT, "State or province."),
    Param("postal_code", TEXT, "Postal code."),
    Param("country", TEXT, "Country, such as `US`."),
)
REACH = (
    Param("email", TEXTS, "E-mail. On an account each address becomes a contact of its own."),
    Param("phone", TEXT, "Phone."),
    Param("website", TEXT, "Web site."),
)
CURRENCY = Param("currency", TEXT, "Currency; without it the home currency, or that of the customer.")
DIMS = (
    Param("department", TEXT, "Department (location): the text as people write it; `-` for none."),
    Param("class", TEXT, "Class: the text as people write it; `-` for none."),
)
SALE = (
    Param("sku", TEXT, "Product and item by SKU, product code or name."),
    Param("account", TEXT, "Instead of a SKU: some product whose item has this income account, by number."),
    Param("quantity", AMOUNT, "Quantity (1)."),
    Param("price", AMOUNT, "Price of one."),
    Param("net", AMOUNT, "Amount of the line; the price is then net / quantity and must have at most two decimals."),
    Param("description", TEXT, "Text of the line."),
)
ORDER_LINE = rows(
    *SALE,
    *DIMS,
    Param("service_date", DAY, "Start of the service."),
    Param("end", DAY, "End of the service."),
    Param("as", TEXT, "Name of this line, for entries that change it."),
    Param("reduces", COUNT, "On a reduction order: which line of the "
          "original order, counted from 1."),
    FIELDS,
)  # fmt: skip
FORM_LINE = rows(*SALE, Param("class", TEXT, "Class of the line."), FIELDS)
NET = (
    Param(
        "net", AMOUNT, "Instead of lines: one line of this amount (on income account 4000 unless `account` or `sku`)."
    ),
    Param("account", TEXT, "Income account of that one line, by number."),
    Param("sku", TEXT, "SKU of that one line."),
)
FORM = (
    Param("customer", TEXT, "QuickBooks customer.", required=True),
    Param("date", DAY, "Date (today)."),
    Param("lines", FORM_LINE, "Its lines."),
    *NET,
    Param("department", TEXT, "Department of the document, by full name."),
    Param("class", TEXT, "Class of every line that names none."),
    Param("tax", AMOUNT, "Sales tax, on top of the lines."),
    Param("discount", AMOUNT, "Discount on the whole, on account 4900."),
    Param("note", TEXT, "Private note."),
    Param("memo", TEXT, "Message to the customer."),
    Param("email", TEXT, "Where it is sent."),
    Param("order", TEXT, "Order it is for: adds `SF-ORD:<order number>` to the private note."),
    CURRENCY,
    Param("rate", AMOUNT, "Exchange rate, home units per one unit of its currency."),
    AT,
    FIELDS,
)
RECORD = (
    Param("kind", TEXT, "Its kind, where a name alone is not clear: `customer`, `order`, `invoice`, `department`, ..."),
    AT,
)
CUSTOMER = (
    *REACH,
    *ADDRESS,
    CURRENCY,
    Param("company_name", TEXT, "Company name."),
    Param("given_name", TEXT, "Given name of the person."),
    Param("family_name", TEXT, "Family name."),
    Param("terms", TEXT, "Terms by name, such as `Net 30`."),
    Param("parent", TEXT, "Customer above it."),
    AT,
    FIELDS,
)

PARTIES = (
    Verb(
        "business", "given", TEXT, "its name",
        "A business that both sides know: a QuickBooks customer and a Salesforce account with the same name, web site, "
        "phone and e-mail, so that the first sync links them. What is not given is made up from the name.",
        (*REACH, *ADDRESS, CURRENCY, AT), makes=True,
    ),
    Verb("customer", "given", TEXT, "its display name", "A QuickBooks customer.", CUSTOMER, makes=True),
    Verb(
        "account", "given", TEXT, "its name", "A Salesforce account.",
        (
            *REACH, *ADDRESS, CURRENCY,
            Param("billing_email", TEXT, "The field `QBO_Billing_Email__c`."),
            Param("ready", FLAG, "Whether it may become a QuickBooks customer (`false`)."),
            *DIMS,
            Param("parent", TEXT, "Account above it."),
            AT, FIELDS,
        ), makes=True,
    ),
    Verb(
        "contact", "given", TEXT, "first and last name", "A Salesforce contact.",
        (
            Param("account", TEXT, "Its account.", required=True), Param("email", TEXT, "E-mail."),
            Param("phone", TEXT, "Phone."), AT, FIELDS,
        ), makes=True,
    ),
    Verb("vendor", "given", TEXT, "its display name", "A QuickBooks vendor.", (CURRENCY, AT, FIELDS), makes=True),
    Verb("employee", "given", TEXT, "first and last name", "A QuickBooks employee.", (AT, FIELDS), makes=True),
)  # fmt: skip

CATALOG = (
    Verb(
        "item", "given", TEXT, "its SKU",
        "Something sold: a QuickBooks item and a Salesforce product of the same SKU, with prices in the price books.",
        (
            Param("name", TEXT, "Its name (the SKU)."),
            Param("account", TEXT, "Income account of the item, by number (`4000`)."),
            Param("price", AMOUNT, "List price (`100.00`)."),
            Param("family", TEXT, "Product family."),
            Param("type", TEXT, "Type of the item (`Service`)."),
            Param("only", choice("quickbooks", "salesforce"), "Make only that side of it."),
            Param("class", TEXT, "Class of the item in QuickBooks, by full name."),
            AT, FIELDS,
        ), makes=True,
    ),
    Verb(
        "gl_account", "given", TEXT, "its number", "An account of the chart of accounts.",
        (
            Param("name", TEXT, "Its name.", required=True),
            Param("type", TEXT, "Account type, such as `Income` or `Other Current Asset`.", required=True),
            Param("subtype", TEXT, "Account sub-type."), CURRENCY, FIELDS,
        ), makes=True,
    ),
    Verb(
        "department", "given", TEXT, "full name, such as `East:Boston`",
        "A department (location); those above it are made too. Nothing happens if it is there.", (AT,), makes=True,
    ),
    Verb(
        "class", "given", TEXT, "full name, such as `SaaS:Enterprise`",
        "A class; those above it are made too. Nothing happens if it is there.", (AT,), makes=True,
    ),
    Verb(
        "exchange_rate", "given", TEXT, "foreign currency",
        "A rate in QuickBooks, good from its date on. Both sides get the currency if they do not have it.",
        (
            Param("rate", AMOUNT, "Home units per one unit of the currency.", required=True),
            Param("date", DAY, "First day it is good for (`2026-01-01`)."),
        ),
    ),
    Verb(
        "preferences", "given", TABLE, "fields of Preferences in the vendor's spelling",
        "Company preferences in QuickBooks, laid over the present ones.",
    ),
    Verb(
        "books_closed", "given", TEXT, "last closed day, or `none`",
        "The accountant closes the books in QuickBooks through that day.",
    ),
)  # fmt: skip

SALES = (
    Verb(
        "order", "given", TEXT, "a name of yours (Salesforce gives the number)",
        "An order in Salesforce with its lines, activated unless told otherwise.",
        (
            Param("account", TEXT, "Salesforce account it is for.", required=True),
            Param("lines", ORDER_LINE, "Its lines. A discount is a line with a negative net."),
            Param("net", AMOUNT, "Instead of lines: one line of this amount, on income account 4000 or `sku`."),
            Param("sku", TEXT, "SKU of that one line."),
            Param("total", AMOUNT, "What the lines must sum to; a safeguard for you, Salesforce adds up by itself."),
            Param("effective", DAY, "EffectiveDate (the day of activation)."),
            Param("activated", MOMENT_OR_FLAG, "When it is activated (now); `false` leaves it a draft."),
            Param("end", DAY, "End date."),
            *DIMS,
            CURRENCY,
            Param("rate", AMOUNT, "Explicit rate on the order, home units per one unit of its currency."),
            Param("opportunity", TEXT, "Its opportunity."),
            Param("po_number", TEXT, "Purchase order number."),
            Param("reduces", TEXT, "Original order, if this is a reduction order."),
            FIELDS,
        ), makes=True,
    ),
    Verb(
        "opportunity", "given", TEXT, "its name", "A sales-owned opportunity.",
        (
            Param("account", TEXT, "Salesforce account it is for.", required=True),
            Param("amount", AMOUNT, "Amount."),
            Param("stage", TEXT, "Stage (`Prospecting`)."),
            Param("close", DAY, "Close date (today)."),
            *DIMS, CURRENCY, AT, FIELDS,
        ), makes=True,
    ),
    Verb(
        "products", "given", TEXT, "name of an opportunity", "Somebody adds products to an opportunity.",
        (Param("lines", rows(*SALE), "The products.", required=True), AT),
    ),
)  # fmt: skip

MONEY = (
    Verb("invoice", "given", TEXT, "its number", "A QuickBooks invoice.",
         (*FORM, Param("due", DAY, "Due date.")), makes=True),
    Verb("credit_memo", "given", TEXT, "its number", "A QuickBooks credit memo.", FORM, makes=True),
    Verb("sales_receipt", "given", TEXT, "its number", "A QuickBooks sales receipt.", FORM, makes=True),
    Verb(
        "payment", "given", TEXT, "its reference number", "A customer's payment in QuickBooks.",
        (
            Param("customer", TEXT, "QuickBooks customer.", required=True),
            Param("date", DAY, "Date (today)."),
            Param("invoice", TEXT, "Invoice it pays."),
            Param("amount", AMOUNT, "Amount."),
            Param("parts", rows(Param("invoice", TEXT, "Invoice it pays."), Param("credit_memo", TEXT, "Or the credit "
                  "memo it uses."), Param("amount", AMOUNT, "How much of it.", required=True)),
                  "Instead: several invoices, and credit memos set off against them."),
            CURRENCY, AT, FIELDS,
        ), makes=True,
    ),
    Verb(
        "manual_entry", "given", TEXT, "its number", "A journal entry that a person makes by hand.",
        (
            Param("lines", LINES, "Its lines.", required=True),
            Param("date", DAY, "Date (today)."),
            Param("note", TEXT, "Private note."),
            Param("customer", TEXT, "QuickBooks customer on every line."),
            CURRENCY,
            Param("rate", AMOUNT, "Exchange rate."),
            AT, FIELDS,
        ), makes=True,
    ),
)  # fmt: skip

USER_ACTIONS = (
    Verb("update", "given", TEXT, "name of a record", "Change fields of a record.",
         (Param("fields", TABLE, "Fields in the vendor's spelling.", required=True), *RECORD)),
    Verb("delete", "given", TEXT, "name of a record", "Delete a record.", RECORD),
    Verb("void", "given", TEXT, "name of a transaction", "Void a transaction in QuickBooks.", RECORD),
    Verb("deactivate", "given", TEXT, "name of a record",
         "Make a QuickBooks record inactive, or set a Salesforce order back to draft.", RECORD),
    Verb("activate", "given", TEXT, "name of a record", "Make a QuickBooks record active again, or activate an order.",
         RECORD),
    Verb(
        "rename", "given", TEXT, "name of a customer, account, department, class or item",
        "Give it another name. A department or class may also be put below another one, which is made if need be.",
        (Param("to", TEXT, "New name.", required=True), *RECORD),
    ),
    Verb("merge", "given", TEXT, "name of the one that vanishes", "Merge two customers, or two accounts.",
         (Param("into", TEXT, "Name of the one that stays.", required=True), *RECORD)),
    Verb(
        "act", "given", TEXT, "operation: `create`, `update`, `delete`, `void`, `merge`, `set_exchange_rate`, ...",
        "Anything else a user of a vendor's screens can do, in the vendor's own spelling.",
        (
            Param("system", choice("quickbooks", "salesforce"), "At which vendor.", required=True),
            Param("kind", TEXT, "Kind of record, such as `Estimate`."),
            Param("body", TABLE, "Its fields."),
            AT,
        ), makes=True,
    ),
    Verb("switch", "given", choice("quickbooks", "salesforce"), "vendor", "Set behaviours of an emulated vendor.",
         (Param("values", TABLE, "Names and values as in `GET /switches` of the control door.", required=True),)),
)  # fmt: skip

GIVEN = (*PARTIES, *CATALOG, *SALES, *MONEY, *USER_ACTIONS)
