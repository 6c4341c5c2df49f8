"""Everything at rest: the only package that speaks SQL.

Law: values come out through `readings` alone, which only the gate imports; every other module takes
values in or returns counts, names and times (architecture.md, laws). Import the modules, not this package.
"""
