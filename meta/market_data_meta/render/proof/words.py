"""A proof in words: its figures in one sentence, with the date on which they were taken."""

from __future__ import annotations

import time

from market_data_meta.results.proof import ProofResult


def detected(proof: ProofResult) -> str:
    """What the suite has detected and left alone, and on which day; in exact counts."""
    breaks, harmless, mutants = proof.breaks, proof.harmless, proof.mutants
    when = time.strftime("%Y-%m-%d", time.gmtime(proof.start))
    machine = f" and {mutants.caught:,} of {mutants.of:,} machine-made mutants" if mutants.of else ""
    return (
        f"Proven on {when}: of {breaks.of:,} seeded breaks the suite catches {breaks.right:,}{machine}; "
        f"of {harmless.of:,} harmless changes it leaves {harmless.right:,} alone."
    )
