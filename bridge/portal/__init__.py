"""Files for a clinic's portal: a disclosure as a table or as FHIR lines, and the manifest beside it."""
