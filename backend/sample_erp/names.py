"""Names for the sample company. All are invented."""

TERRITORY_PLACES: dict[str, tuple[tuple[str, str, str], ...]] = {
    # territory: (city, region, postal code)
    "NE": (("Rostock", "MV", "18055"), ("Stralsund", "MV", "18435"), ("Schwerin", "MV", "19053")),
    "NW": (("Bremen", "HB", "28195"), ("Oldenburg", "NI", "26122"), ("Kiel", "SH", "24103")),
    "E": (("Leipzig", "SN", "04109"), ("Dresden", "SN", "01067"), ("Cottbus", "BB", "03046")),
    "W": (("Köln", "NW", "50667"), ("Essen", "NW", "45127"), ("Aachen", "NW", "52062")),
    "SE": (("München", "BY", "80331"), ("Passau", "BY", "94032"), ("Nürnberg", "BY", "90402")),
    "SW": (("Freiburg", "BW", "79098"), ("Stuttgart", "BW", "70173"), ("Ulm", "BW", "89073")),
}

STREETS = (
    *("Hafenstraße", "Lindenweg", "Werkstraße", "Am Markt", "Bahnhofstraße", "Mühlengasse"),
    *("Industriering", "Schillerplatz", "Birkenallee", "Kanalufer"),
)
FAMILIES = (
    *(
        "Petersen",
        "Brandt",
        "Özdemir",
        "Kowalski",
        "Schröder",
        "Nielsen",
        "Weiß",
        "Lorenz",
        "Albers",
        "Hoffmeister",
    ),
    *("Janssen", "Krüger", "Bianchi", "Novák", "Sørensen", "Dreyer", "Falk", "Günther", "Imhof", "Quandt"),
)
FIRST_NAMES = (
    *("Anja", "Bernd", "Çiğdem", "Dörte", "Erik", "Frauke", "Gero", "Hanna", "Ilse", "Jörg"),
    *("Katrin", "Lars", "Mirjam", "Nils", "Olga", "Paul", "Renate", "Sven", "Tilda", "Uwe"),
)
TRADES = (
    *("Metallbau", "Tischlerei", "Haustechnik", "Maschinenbau", "Baumarkt", "Schiffswerft", "Zweiradhandel"),
    *("Landtechnik", "Werkzeughandel", "Montageservice"),
)
FORMS = ("GmbH", "KG", "e.K.", "GmbH & Co. KG", "AG")
ROLES = ("Purchasing", "Workshop manager", "Owner", "Accounts", "Warehouse")
GROUPS = ("Trade", "Industry", "Retail", "Public")
TERMS = ("14 days net", "30 days net", "10 days 2 %, 30 days net", "Prepaid")

FAMILIES_OF_GOODS: tuple[tuple[str, str, str, tuple[int, int]], ...] = (
    # name, group, base unit, price from and to in cents
    ("Cordless drill", "Power tools", "piece", (7900, 34900)),
    ("Angle grinder", "Power tools", "piece", (5900, 24900)),
    ("Bench vice", "Workshop", "piece", (3900, 18900)),
    ("Socket set", "Hand tools", "piece", (2900, 15900)),
    ("Hex bolt", "Fasteners", "piece", (4, 95)),
    ("Wood screw", "Fasteners", "piece", (2, 40)),
    ("Wall plug", "Fasteners", "piece", (3, 25)),
    ("Cutting disc", "Abrasives", "piece", (90, 690)),
    ("Sanding belt", "Abrasives", "piece", (150, 990)),
    ("Welding wire", "Welding", "kg", (390, 1490)),
    ("Lubricating grease", "Chemicals", "kg", (590, 2490)),
    ("Cable drum", "Electrics", "piece", (1900, 8900)),
    ("Steel rope", "Lifting", "m", (120, 890)),
    ("Hydraulic oil", "Chemicals", "l", (350, 1290)),
    ("Safety gloves", "Safety", "pair", (190, 1890)),
)
PARTS = ("Carbon brush", "Gear wheel", "Switch", "Bearing", "Guard", "Chuck", "Battery cell", "Spindle")
GIVEAWAYS = (
    "Cap",
    "Folding rule",
    "Pocket knife",
    "Mug",
    "Calendar",
    "Display stand",
    "Sticker set",
    "Work jacket",
)
SERIES = ("Nord", "Kraft", "Pro", "Eco", "Titan", "Basis", "Flex", "Duo")
