"""From records to what may be said: verdicts, known failures, findings, comparison. It runs nothing."""
