"""The desktop program's text of a FreeStyle Libre reader (libre.md A2), in the languages that are known.

Law: exact in form, invented in content. Nineteen columns: an id, one column for carbs (grams or servings, as
the reader counts), the times before and after its clock was set; one line above the header.
"""

from __future__ import annotations

from datetime import datetime

from tests.adapters.curve import Curve, Dice, walls
from tests.adapters.libreview_files import ENGLISH, Row, csv, cut

READER_ENGLISH = [
    "ID",
    "Time",
    "Record Type",
    "Historic Glucose (mg/dL)",
    "Scan Glucose (mg/dL)",
    *ENGLISH[6:10],
    *ENGLISH[11:14],
    "Strip Glucose (mg/dL)",
    "Ketone (mmol/L)",
    *ENGLISH[16:],
    "Previous Time",
    "Updated Time",
]
READER_FRENCH = [
    "ID",
    "Heure",
    "Type d’enregistrement",
    "Historique du taux de glucose (mg/dL)",
    "Taux de glucose scanné (mg/dL)",
    "Insuline à action rapide (sans valeur numérique)",
    "Insuline à action rapide (unités)",
    "Nourriture (sans valeur numérique)",
    "Glucides (grammes)",
    "Insuline à action lente (sans valeur numérique)",
    "Insuline à action lente (unités)",
    "Commentaires",
    "Glycémie avec électrode de dosage (mg/dL)",
    "Cétonémie (mmol/L)",
    "Insuline repas (unités)",
    "Insuline de correction (unités)",
    "Insuline modifiée par l’utilisateur (unités)",
    "Heure précédente",
    "Heure mise à jour",
]
READER_SPANISH = [
    "ID",
    "Hora",
    "Tipo de registro",
    "Histórico glucosa (mg/dL)",
    "Glucosa leída (mg/dL)",
    "Insulina de acción rápida sin valor numérico",
    "Insulina de acción rápida (unidades)",
    "Alimentos sin valor numérico",
    "Carbohidratos (raciones)",
    "Insulina de acción lenta sin valor numérico",
    "Insulina de acción lenta (unidades)",
    "Notas",
    "Glucosa de la tira (mg/dL)",
    "Cetonas (mmol/L)",
    "Insulina comida (unidades)",
    "Insulina corrección (unidades)",
    "Insulina cambio usuario (unidades)",
    "Hora anterior",
    "Hora actualizada",
]


def reader_rows(seed: int, words: dict[int, str], more: dict[int, dict[int, str]]) -> list[Row]:
    """Twenty readings of a desktop text; `words` in place of some values, `more` rows of other types by place."""
    curve, rows = Curve(Dice(seed)), []
    for index, (wall, _) in enumerate(walls(datetime(2017, 6, 14, 8, 1), 900, 20, "UTC")):
        stamp = f"{wall:%Y/%m/%d %H:%M}"
        rows.append([str(30_100 + index), stamp, "0", words.get(index, cut(curve.step())), *[""] * 15])
        if index in more:
            row = [str(30_200 + index), stamp, *[""] * 17]
            for place, text in more[index].items():
                row[place] = text
            rows.append(row)
    return rows


def reader_text() -> bytes:
    """The desktop program's text: tabs, a name line, slashes, words where LibreView writes the floor."""
    more = {
        3: {2: "1", 4: "LOW"},
        5: {2: "4", 6: "4.5"},
        6: {2: "5", 8: "45"},
        9: {2: "2", 12: "HI"},
        12: {2: "6", 11: "walked home"},
        15: {2: "6", 17: "2017/06/14 11:46", 18: "2017/06/14 12:46"},
    }
    rows = reader_rows(58, {7: "LO", 8: "HI"}, more)
    return csv([["Ada Muster"]], [READER_ENGLISH, *rows], end="\n", delimiter="\t")


def reader_french() -> bytes:
    """The same in French: HIGH and LOW stay English words; a typographic apostrophe in two headings."""
    more = {2: {2: "3", 13: "0,4"}, 4: {2: "1", 4: "HIGH"}, 6: {2: "4", 10: "12"}, 8: {2: "4", 9: "1"}}
    rows = reader_rows(62, {7: "LOW", 8: "HIGH"}, more)
    return csv([["Ada Muster"]], [READER_FRENCH, *rows], delimiter="\t")


def reader_spanish() -> bytes:
    """A Spanish copy with semicolons and a mark for the file: carbs in servings, decimal commas, a padded first line."""
    more = {3: {2: "1", 4: "118"}, 5: {2: "4", 6: "3,5"}, 6: {2: "5", 8: "2,5"}, 9: {2: "2", 12: "104"}}
    rows = reader_rows(63, {10: "LO"}, more)
    first = ["ADA-MUSTER-07", *[""] * 18]
    return csv([first], [READER_SPANISH, *rows], bom=True, delimiter=";")


def files() -> dict[str, bytes]:
    """Every recording by its name."""
    return {
        "reader-text.txt": reader_text(),
        "reader-text-french.txt": reader_french(),
        "reader-text-spanish-semicolons.txt": reader_spanish(),
    }
