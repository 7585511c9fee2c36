"""Words that the data set's names are drawn from."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(" ".join(word.split()) for word in text.split(","))


ADJECTIVES = _words(
    """
    Heavy, Light, Steel, Brass, Copper, Nylon, Oak, Beech, Galvanised, Flat, Round, Square, Long,
    Short, Fine, Coarse, Black, White, Red, Blue, Green, Double, Single, Folding, Rigid, Flexible,
    Sealed, Open, Adjustable, Hardened
    """
)
NOUNS = _words(
    """
    bracket, hinge, screw, bolt, washer, clamp, pipe, hose, valve, fitting, drill, blade, saw,
    hammer, chisel, brush, roller, tape, hook, chain, cable, socket, switch, lamp, panel, board,
    shelf, handle, lock, latch, spring, bearing, seal, gasket, filter, pump, nozzle, tank, lid,
    tray, crate, pallet, ladder, trestle, trolley, glove, helmet, goggle, apron, boot
    """
)
SURNAMES = _words(
    """
    Albrecht, Bauer, Becker, Berger, Brandt, Busch, Dietrich, Ebert, Engel, Fischer, Frank,
    Friedrich, Graf, Gross, Haas, Hahn, Hartmann, Heinrich, Herrmann, Hoffmann, Huber, Jung, Kaiser,
    Keller, Klein, Koch, Kraus, Kuhn, Lang, Lehmann, Lorenz, Ludwig, Maier, Martin, Meyer, Neumann,
    Otto, Peters, Pfeiffer, Pohl, Richter, Roth, Sauer, Schmidt, Schneider, Scholz, Schubert,
    Schulz, Schuster, Schwarz, Seidel, Simon, Sommer, Stein, Vogel, Vogt, Wagner, Walter, Weber,
    Winkler, Wolf, Zimmermann
    """
)
FIRMS = _words(
    """
    GmbH, AG, KG, OHG, Metallbau GmbH, Bau GmbH, Handel KG, und Söhne, Werkzeuge, Technik GmbH,
    Holzbau, Sanitär GmbH, Elektro KG, Haustechnik, Maschinenbau AG, Baumarkt, Schlosserei,
    Tischlerei, Logistik GmbH, Service
    """
)
STREETS = _words(
    """
    Hauptstraße, Bahnhofstraße, Gartenweg, Schulstraße, Dorfstraße, Industriestraße, Am Markt,
    Lindenallee, Ringstraße, Kirchgasse, Bergstraße, Mühlenweg, Hafenstraße, Poststraße, Talweg,
    Waldstraße, Feldweg, Sonnenallee
    """
)
CITIES = _words(
    """
    Aachen, Augsburg, Bamberg, Berlin, Bielefeld, Bochum, Bonn, Bremen, Chemnitz, Cottbus,
    Darmstadt, Dortmund, Dresden, Duisburg, Erfurt, Erlangen, Essen, Flensburg, Frankfurt, Freiburg,
    Fulda, Gera, Göttingen, Hagen, Halle, Hamburg, Hamm, Hannover, Heidelberg, Heilbronn,
    Ingolstadt, Jena, Kassel, Kiel, Koblenz, Köln, Konstanz, Krefeld, Leipzig, Lübeck, Magdeburg,
    Mainz, Mannheim, Marburg, München, Münster, Nürnberg, Oldenburg, Osnabrück, Paderborn, Passau,
    Potsdam, Regensburg, Rostock, Saarbrücken, Schwerin, Siegen, Stralsund, Stuttgart, Trier,
    Tübingen, Ulm, Weimar, Wiesbaden, Worms, Wuppertal, Würzburg, Zwickau
    """
)
REGIONS = _words(
    """
    Bavaria, Berlin, Brandenburg, Bremen, Hamburg, Hesse, Lower Saxony, Saarland, Saxony, Thuringia
    """
)
NOTES = (None,) * 12 + _words(
    """
    Calls back in the morning, Wants a visit each quarter, Delivery through the yard, Pays late,
    Asks for samples
    """
)
