"""The CGM bridge: a person's own diabetes data, as FHIR R4, for exactly the days they granted."""

__version__ = "0.1.0"
