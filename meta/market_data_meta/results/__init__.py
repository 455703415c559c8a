"""Results: one typed model for each answer of the tool. Their JSON is what other programs read.

The commands build them, the renderers show them, and ``contracts/schemas`` holds the JSON Schema of each.
"""
