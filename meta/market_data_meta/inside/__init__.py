"""What runs inside an environment under test.

This folder is put on ``PYTHONPATH`` there, so its modules are top-level names with the prefix ``mdm_``, use the
standard library and pytest only, and never import the rest of the tool: whatever is installed beside the packages
under test could change what is observed.
"""
