-- Law (consent.md, custody): what providers keep of a person, or kept, is asked each time that their disclosures are shown,
-- also of records that were erased, which `custody_of` does not hold.
CREATE INDEX custody_person ON custody (person);
