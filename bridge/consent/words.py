"""Texts that a person agrees to, word for word: id, version, locale, and the hash that a record keeps.

Law (`consent.md`): a record of a consent names the exact words that were shown. What was once shipped never
changes: a better text is a new version beside the old one, which stays so that old records can be read. A
test holds the hashes. Rejected: texts in the code that prints them (nobody could say later what was read).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, final

from bridge.consent.grant import Wording


@final
@dataclass(frozen=True, slots=True)
class Words:
    """One text in one language."""

    id: str
    version: str
    locale: str
    text: str

    @property
    def wording(self) -> Wording:
        """What a record keeps of it."""
        return Wording(self.id, self.version, self.locale, hashlib.sha256(self.text.encode()).hexdigest())


COLLECTING: Final = Words(
    "collecting",
    "1",
    "en",
    "What is brought here from this source, an export file or an account, is kept on this machine: glucose, "
    "insulin, food, activity, notes, names and serial numbers of devices, whatever the source holds, and the "
    "original file itself.\n"
    "It is kept to show it to the person it is about and to share it with the recipients that they grant access "
    "to, and for nothing else. It is kept, encrypted under a key of that person, until it is removed or "
    "everything of the person is erased.\n"
    "This consent shares nothing with anybody: nothing leaves without a grant that names who receives what.\n"
    "It can be withdrawn at any time. From then on nothing more is taken from this source, and what is here can "
    "be deleted. Withdrawing does not make wrong what was done before.",
)
"""What whoever imports agrees to."""
INTAKE: Final = Words(
    "intake",
    "1",
    "en",
    "The organisation named here may submit glucose data about this person to this machine: readings of a sensor, "
    "summaries and reports, and the devices they come from. Nobody else may, and nothing is fetched anywhere.\n"
    "What it submits is kept as part of this person's own record, not of the organisation's, encrypted under a key "
    "of that person, until it is removed or everything of the person is erased. Who submitted what, and when, is "
    "kept with it.\n"
    "This consent shares nothing with anybody, the organisation included: nothing leaves without a grant that "
    "names who receives what.\n"
    "It ends on the day that is recorded with it, and can be withdrawn at any time before. From then on nothing "
    "more is taken from this organisation, and what is here can be deleted.",
)
"""What whoever lets an organisation submit agrees to (`intake.py`)."""
INTAKES: Final = {
    "en": INTAKE,
    "de": Words(
        "intake",
        "1",
        "de",
        "Die hier genannte Einrichtung darf Glukosedaten dieser Person an dieses Gerät senden: Messwerte eines "
        "Sensors, Zusammenfassungen und Berichte, und von welchen Geräten sie stammen. Niemand sonst darf es, und "
        "nirgends wird etwas abgeholt.\n"
        "Was sie sendet, wird als Teil der eigenen Akte dieser Person aufbewahrt, nicht der Akte der Einrichtung, "
        "verschlüsselt mit einem Schlüssel dieser Person, bis es entfernt oder alles über die Person gelöscht wird. "
        "Wer was wann gesendet hat, wird dabei festgehalten.\n"
        "Diese Einwilligung gibt nichts an irgendjemanden weiter, auch nicht an die Einrichtung: Nichts geht hinaus "
        "ohne eine Freigabe, die sagt, wer was bekommt.\n"
        "Sie endet an dem Tag, der mit ihr festgehalten ist, und kann vorher jederzeit widerrufen werden. Von da an "
        "wird von dieser Einrichtung nichts mehr angenommen, und was hier ist, kann gelöscht werden.",
    ),
    "es": Words(
        "intake",
        "1",
        "es",
        "La organización nombrada aquí puede enviar a este equipo datos de glucosa de esta persona: lecturas de un "
        "sensor, resúmenes e informes, y los dispositivos de los que proceden. Nadie más puede hacerlo, y no se recoge "
        "nada en ninguna parte.\n"
        "Lo que envía se guarda como parte del registro propio de esta persona, no del de la organización, cifrado con "
        "una clave de esta persona, hasta que se retire o se borre todo lo de la persona. Junto con ello se guarda "
        "quién envió qué y cuándo.\n"
        "Este consentimiento no comparte nada con nadie, tampoco con la organización: nada sale sin un permiso que "
        "diga quién recibe qué.\n"
        "Termina el día que consta en él y puede retirarse antes en cualquier momento. Desde entonces no se toma nada "
        "más de esta organización, y lo que hay aquí puede borrarse.",
    ),
    "fi": Words(
        "intake",
        "1",
        "fi",
        "Tässä nimetty organisaatio saa lähettää tälle laitteelle tämän henkilön glukoositietoja: sensorin lukemia, "
        "yhteenvetoja ja raportteja sekä tiedon laitteista, joista ne ovat peräisin. Kukaan muu ei saa, eikä mitään "
        "haeta mistään.\n"
        "Se, mitä se lähettää, säilytetään osana tämän henkilön omaa tietuetta, ei organisaation, salattuna tämän "
        "henkilön avaimella, kunnes se poistetaan tai kaikki henkilön tiedot poistetaan. Samalla kirjataan, kuka "
        "lähetti mitä ja milloin.\n"
        "Tämä suostumus ei jaa mitään kenellekään, ei myöskään organisaatiolle: mitään ei lähde ilman lupaa, jossa "
        "sanotaan, kuka saa mitä.\n"
        "Se päättyy sen kanssa kirjattuna päivänä, ja sen voi perua milloin tahansa sitä ennen. Siitä lähtien tältä "
        "organisaatiolta ei oteta enää mitään, ja sen, mikä täällä on, voi poistaa.",
    ),
}
"""The same in every language of the pages: whose record it becomes is said before anything comes in."""
