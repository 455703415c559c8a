"""Running the suite on real releases: environments, the sandbox, the isolated and the warm lane, the cache."""
