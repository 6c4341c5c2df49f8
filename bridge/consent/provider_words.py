"""What is said before a provider keeps as its own record what it submits: whose record, which law, how long.

Law (`consent.md`, custody: "the consent page says beforehand which custody applies"): the words name the organisation,
the law that obliges it and the years, as clinic IT set them (`store/custody.py`); a record of the consent keeps the
hash of the text with these in it. As `words.py`: what was once shipped never changes, a better text is a new version
beside it. Rejected: "as long as the law demands" (nobody could know from it when anything ends).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bridge.consent.words import Words
from bridge.store.custody import Rule

ID: Final = "intake-provider"
VERSION: Final = "1"
BLANK: Final = re.compile(r"\{(?:organization|law|years)\}")
TEXTS: Final[Mapping[str, str]] = {
    "en": (
        "{organization} may submit glucose data about this person to this machine: readings of a sensor, summaries "
        "and reports, and the devices they come from. Nobody else may, and nothing is fetched anywhere.\n"
        "What it submits becomes the record of {organization}. It is kept under a key of its own, apart from this "
        "person's record, with nothing of this person in it but what {organization} sends, and is read by the "
        "programs of {organization} alone. {organization} is obliged to keep it: {law}, for {years} years after "
        "the last of it came. Until then it is not deleted: not by withdrawing this consent, and not by erasing "
        "everything of the person. Where an earlier consent said another law or more years for what came under it, "
        "all of the record stays until the later end. As long as this consent holds, {organization} can take back "
        "what it sent wrongly.\n"
        "A copy becomes part of this person's own record, under a key of this person, until it is removed or "
        "everything of the person is erased. Anybody else gets it only from there, under a grant that names who "
        "receives what.\n"
        "{organization} gets nothing else of this person by this consent. Each time it reads its record, that is "
        "written down, and this person sees it.\n"
        "It ends on the day that is recorded with it, and can be withdrawn at any time before. From then on "
        "nothing more is taken from {organization}, and the copy here can be deleted."
    ),
    "de": (
        "{organization} darf Glukosedaten dieser Person an dieses Gerät senden: Messwerte eines Sensors, "
        "Zusammenfassungen und Berichte, und von welchen Geräten sie stammen. Niemand sonst darf es, und nirgends "
        "wird etwas abgeholt.\n"
        "Was gesendet wird, wird zur Akte von {organization}. Es wird getrennt von der Akte dieser Person mit "
        "einem eigenen Schlüssel aufbewahrt, enthält von dieser Person nur, was {organization} sendet, und wird "
        "allein von den Programmen von {organization} gelesen. {organization} muss es aufbewahren: {law}, {years} "
        "Jahre lang, nachdem das Letzte davon kam. Bis dahin wird es nicht gelöscht: nicht durch den Widerruf "
        "dieser Einwilligung und nicht dadurch, dass alles über die Person gelöscht wird. Nannte eine frühere "
        "Einwilligung für das, was unter ihr kam, ein anderes Gesetz oder mehr Jahre, bleibt die ganze Akte bis zum "
        "späteren Ende. Solange diese Einwilligung gilt, kann {organization} zurücknehmen, was irrtümlich gesendet "
        "wurde.\n"
        "Eine Kopie wird Teil der eigenen Akte dieser Person, mit einem Schlüssel dieser Person, bis sie entfernt "
        "oder alles über die Person gelöscht wird. Alle anderen bekommen es nur von dort, mit einer Freigabe, die "
        "sagt, wer was bekommt.\n"
        "{organization} bekommt durch diese Einwilligung sonst nichts von dieser Person. Jedes Mal, wenn die Akte "
        "gelesen wird, wird das festgehalten, und diese Person sieht es.\n"
        "Die Einwilligung endet an dem Tag, der mit ihr festgehalten ist, und kann vorher jederzeit widerrufen "
        "werden. Von da an wird von {organization} nichts mehr angenommen, und die Kopie hier kann gelöscht werden."
    ),
    "es": (
        "{organization} puede enviar a este equipo datos de glucosa de esta persona: lecturas de un sensor, "
        "resúmenes e informes, y los dispositivos de los que proceden. Nadie más puede hacerlo, y no se recoge "
        "nada en ninguna parte.\n"
        "Lo que envía pasa a ser registro de {organization}. Se guarda aparte del registro de esta persona, con "
        "una clave propia, sin nada de esta persona que no envíe {organization}, y solo lo leen los programas de "
        "{organization}. {organization} está obligada a conservarlo: {law}, durante {years} años desde que llegó "
        "lo último. Hasta entonces no se borra: ni al retirar este consentimiento, ni al borrar todo lo de la "
        "persona. Si un consentimiento anterior decía otra ley o más años para lo que llegó con él, todo el registro "
        "se conserva hasta el final más tardío. Mientras este consentimiento esté en vigor, {organization} puede "
        "retirar lo que envió por error.\n"
        "Una copia pasa a formar parte del registro propio de esta persona, con una clave de esta persona, hasta "
        "que se retire o se borre todo lo de la persona. Los demás solo lo reciben de ahí, con un permiso que diga "
        "quién recibe qué.\n"
        "{organization} no recibe nada más de esta persona por este consentimiento. Cada vez que lee su registro "
        "queda anotado, y esta persona lo ve.\n"
        "Termina el día que consta en él y puede retirarse antes en cualquier momento. Desde entonces no se toma "
        "nada más de {organization}, y la copia que hay aquí puede borrarse."
    ),
    "fi": (
        "{organization} saa lähettää tälle laitteelle tämän henkilön glukoositietoja: sensorin lukemia, "
        "yhteenvetoja ja raportteja sekä tiedon laitteista, joista ne ovat peräisin. Kukaan muu ei saa, eikä "
        "mitään haeta mistään.\n"
        "Lähetetystä tulee tietue, jonka rekisterinpitäjä on {organization}. Se säilytetään erillään tämän "
        "henkilön tietueesta omalla avaimellaan, siinä on tästä henkilöstä vain se, minkä rekisterinpitäjä "
        "lähettää, ja sitä lukevat vain rekisterinpitäjän ohjelmat. Rekisterinpitäjän on säilytettävä se: {law}, "
        "{years} vuotta siitä, kun viimeinen tieto tuli. Siihen asti sitä ei poisteta: ei tämän suostumuksen "
        "perumisella eikä sillä, että kaikki henkilön tiedot poistetaan. Jos aiempi suostumus ilmoitti silloin "
        "tulleille tiedoille toisen lain tai useampia vuosia, koko tietue säilytetään myöhäisempään päivään asti. "
        "Virheellisesti lähetetyn tiedon voi lähettäjä ({organization}) perua niin kauan kuin tämä suostumus on "
        "voimassa.\n"
        "Kopio tulee osaksi tämän henkilön omaa tietuetta, tämän henkilön avaimella, kunnes se poistetaan tai "
        "kaikki henkilön tiedot poistetaan. Muut saavat sen vain sieltä, luvalla, jossa sanotaan, kuka saa mitä.\n"
        "{organization} ei saa tällä suostumuksella mitään muuta tästä henkilöstä. Joka kerta, kun tietuetta "
        "luetaan, se kirjataan, ja tämä henkilö näkee sen.\n"
        "Suostumus päättyy sen kanssa kirjattuna päivänä, ja sen voi perua milloin tahansa sitä ennen. Siitä "
        "lähtien mitään ei enää oteta ({organization}), ja täällä olevan kopion voi poistaa."
    ),
}
"""In every language of the pages."""


def provider_words(language: str, organization: str, rule: Rule) -> Words:
    """The words of one organisation and rule."""
    told = {"{organization}": organization, "{law}": rule.law, "{years}": str(rule.years)}
    # Not one after the other, nor by str.format: a name or a law may have braces in it.
    text = BLANK.sub(lambda blank: told[blank[0]], TEXTS[language])
    return Words(ID, VERSION, language, text)
