"""The commands of ``mdmeta``: one small file each, and ``here`` for what they share."""
