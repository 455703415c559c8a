"""What the tool costs, as ratios taken in one run; ``scripts/bench`` runs a module of this folder."""
