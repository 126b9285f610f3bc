"""Invented names: companies, people, addresses. Far enough apart that none is taken for another.

Two companies never share more than one word, and words of one list differ in four letters or more, so the
name similarity of accounting-rules E.1 stays far below its 0.92 unless a scenario wants it otherwise.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from ml_emulators.kit.control_bodies import BadOrder


def _words(text: str) -> list[str]:
    return text.split()


FIRST = _words(
    "Alder Amberfield Anchorpoint Arrowhead Ashgrove Bluewater Brightmoor Bramblewood Cedarline Clearbrook "
    "Cobaltic Copperhill Coralstone Crestview Cypress Daybreak Deepwell Driftwood Duskfall Eastgate Elmhurst "
    "Emberly Evergreen Fairhaven Falconry Fernhollow Flintlock Foxglove Frostpeak Gablewood Garnet Glasswing "
    "Goldcrest Granite Greyfriar Halcyon Harborlight Hawthorn Heatherton Highmark Hollybrook Indigo Ironclad "
    "Ivory Jadewind Juniper Kestrel Keystone Kingfisher Lakeshore Larkspur Laurel Lighthouse Lodestar Magnolia "
    "Maplecroft Marigold Meadowlark Millstone Monsoon Moonrise Mulberry Nightingale Northwind Oakmere Obsidian "
    "Opaline Orchard Osprey Palisade Pebblebay Pinnacle Prairie Quarry Quicksilver Ravenwood Redstart Ridgeline "
    "Rosemary Saffron Sagebrush Sandpiper Sapphire Seabright Silverleaf Skylark Slateford Snowberry Springvale "
    "Starboard Stonebridge Sunflower Swiftwater Tamarack Thistledown Timberlane Tidepool Topaz Trillium Umbria "
    "Valleyview Velvet Vermilion Viridian Wavecrest Westbrook Whitecap Wildrose Willowbend Windmill Wrenfield "
    "Yarrow Zephyr Zinnia"
)
SECOND = _words(
    "Analytics Robotics Logistics Dental Foods Media Software Biosciences Partners Textiles Brewing Aviation "
    "Insurance Ceramics Fitness Diagnostics Holdings Interiors Kitchens Lending Mobility Nutrition Photonics "
    "Packaging Quality Recruiting Security Telecom Utilities Ventures Woodworks Youthcare Energy Studios"
)
PLACES = _words(
    "Boston Dallas Phoenix Seattle Orlando Memphis Tucson Richmond Buffalo Albany Spokane Lincoln Omaha Denver "
    "Fresno Wichita Norfolk Hartford Savannah Toledo"
)
_GIVEN = _words(
    "Ada Bruno Carla Dmitri Elena Farid Greta Hugo Ines Jonas Kira Liam Mona Nadia Otis Petra Quinn Rosa Stefan "
    "Tara Uma Viktor Wanda Xenia Yusuf Zoe"
)
_FAMILY = _words(
    "Abbott Barlow Castell Draper Eastman Fenwick Garrow Hollis Iverson Jessup Kendrick Lomax Mercer Norwood "
    "Ostrow Pruitt Quigley Rowan Sefton Thorne Underhill Vance Whitlock Yardley Zeller"
)
_STREETS = ("Canal", "Harbor", "Juniper", "Market", "Mill", "Orchard", "Quay", "River", "Summit", "Willow")
_US = (
    ("Boston", "MA", "021", "617"),
    ("Denver", "CO", "802", "303"),
    ("Portland", "OR", "972", "503"),
    ("Austin", "TX", "787", "512"),
    ("Columbus", "OH", "432", "614"),
    ("Raleigh", "NC", "276", "919"),
    ("Boise", "ID", "837", "208"),
    ("San Diego", "CA", "921", "619"),
)
_EURO = (
    ("Hamburg", "HH", "20", "DE", "+49 40"),
    ("Lyon", "ARA", "69", "FR", "+33 4 72"),
    ("Utrecht", "UT", "35", "NL", "+31 30"),
    ("Cork", "CO", "T1", "IE", "+353 21"),
)
LEGAL = ("", "", " Inc.", " LLC", " Corp.", " Ltd")
MOST = len(FIRST) * len(SECOND) * (len(PLACES) + 1)


class Address(NamedTuple):
    """A postal address; `state` and `country` as codes or names, as the country writes them."""

    street: str
    city: str
    state: str
    postal: str
    country: str


class Person(NamedTuple):
    """Who answers at a business."""

    given: str
    family: str

    def email(self, domain: str) -> str:
        """`given.family@domain` in lower case."""
        return f"{self.given}.{self.family}@{domain}".lower()


class Names:
    """Gives each name, phone and postal code once. The same seed gives the same sequence."""

    def __init__(self, seed: int, given_out: int = 0, addresses: int = 0) -> None:
        """`given_out` and `addresses` go on after another `Names` of this seed (see `used`)."""
        self.random = Random(seed)  # noqa: S311  # a sample wants repeatable chance
        self._pairs = [(first, second) for first in FIRST for second in SECOND]
        self.random.shuffle(self._pairs)
        self._given_out = given_out
        self._addresses = addresses

    @property
    def used(self) -> tuple[int, int]:
        """How many names and addresses were given out."""
        return self._given_out, self._addresses

    def company(self) -> str:
        """The next company name, without a legal form. Raises `BadOrder` after `MOST` names."""
        turn, place = divmod(self._given_out, len(self._pairs))
        if turn > len(PLACES):
            raise BadOrder(f"only {MOST} company names are known; use a smaller scale")
        self._given_out += 1
        name = " ".join(self._pairs[place])
        return name if turn == 0 else f"{name} of {PLACES[turn - 1]}"

    def legal(self, currency: str) -> str:
        """A legal form with a space before it, as goes with the currency."""
        return " GmbH" if currency == "EUR" else self.random.choice(LEGAL)

    def person(self) -> Person:
        """A person; names come again."""
        return Person(self.random.choice(_GIVEN), self.random.choice(_FAMILY))

    def address(self, currency: str) -> tuple[Address, str]:
        """A postal address whose code nobody else has, and a phone number likewise."""
        self._addresses += 1
        number = self._addresses
        street = f"{self.random.randrange(1, 990)} {self.random.choice(_STREETS)} Street"
        if currency == "EUR":
            city, state, zone, country, prefix = self.random.choice(_EURO)
            return Address(street, city, state, f"{zone}{number:03d}", country), f"{prefix} 555{number:05d}"
        city, state, zone, area = self.random.choice(_US)
        postal = f"{zone}{number // 10_000:02d}-{number % 10_000:04d}"
        phone = f"({area}) {555 + number // 10_000}-{number % 10_000:04d}"
        return Address(street, city, state, postal, "US"), phone


def domain_of(company: str) -> str:
    """The invented business domain of a company name: `Alder Foods` -> `alder-foods.example`."""
    return company.lower().replace(" of ", "-").replace(" ", "-") + ".example"
