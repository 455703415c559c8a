"""Which versions of the packages a project asks for: read from requirements.txt, pyproject.toml or a lock file.

A file may hold much that is not about the packages under contract; that is passed over. What is about them must be
understood: a line that names one of them and cannot be read is an error, as an answer about other versions would be
wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.dependency_groups import DependencyGroupResolver
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from market_data_meta.errors import ErrorCode, MetaError, direct_reference
from market_data_meta.files import read_toml
from market_data_meta.releases.requested_versions import VersionRequest
from market_data_meta.releases.requirements import PYTHON, binds

_COMMENT_LINE = re.compile(r"\s*#")
_COMMENT = re.compile(r"(^|\s+)#.*$")
_OPTIONS = re.compile(r"\s+--?[A-Za-z].*$")
_OTHER_FILE = re.compile(r"(-r|-c|--requirement|--constraint)\b")
_EDITABLE = re.compile(r"(-e|--editable)\b")
