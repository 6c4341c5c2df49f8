"""The report: what a person shares of one period, on paper; made of a Disclosure alone."""
