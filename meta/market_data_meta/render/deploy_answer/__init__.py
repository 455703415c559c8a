"""The answer of can-i-deploy, one renderer a file."""
