"""The commands of ``mdmeta``: one small file each, and ``common`` for what they share."""
