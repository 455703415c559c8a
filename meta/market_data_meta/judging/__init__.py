"""From records to conclusions: verdicts, known defects, findings, comparisons. Nothing in here runs a package."""
