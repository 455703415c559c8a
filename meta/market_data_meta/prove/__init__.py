"""What the suite detects: changes to real releases, some of which it must notice and some of which it must not."""
