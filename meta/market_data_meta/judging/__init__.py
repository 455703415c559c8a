"""From records of runs to conclusions: verdicts, waivers, findings, comparisons. Nothing in here runs a package."""
