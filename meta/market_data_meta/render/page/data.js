// What matrix.json says, indexed. Nothing here touches the page.
const {
  matrix, clauses, packages, verdicts: VERDICTS, states: STATES, capability_states: CAPABILITY_STATES, promises: PROMISES,
  backtest, third_party: thirdParty,
} = JSON.parse(document.getElementById('data').textContent);
const names = Object.keys(matrix.packages);
const clauseOf = new Map(clauses.map((clause) => [clause.id, clause]));

// A content of a package is named by its position in matrix.packages: package -> version -> position.
const contentOf = Object.fromEntries(names.map((name) => [
  name,
  new Map(matrix.packages[name].flatMap((content, position) => content.releases.map((version) => [version, position]))),
]));
// Oldest first: a content may come back, so the contents one after the other are in no order.
const versionsOf = (name) => [...packages[name].versions];
// The releases that an installer does not choose by itself, with the reason: package -> version -> 'is yanked'.
const setAside = Object.fromEntries(names.map((name) => [name, Object.assign({}, ...matrix.packages[name].map((content) => content.set_aside))]));
const positionsKey = (positions) => names.map((name) => positions[name]).join('.');
const cellNumbers = new Map(matrix.cells.map((cell, cellNumber) => [positionsKey(cell.codes), cellNumber]));

// The number of the cell that decides a combination, or undefined if a version is not in the matrix.
const cellNumberOf = (versions) => cellNumbers.get(positionsKey(
  Object.fromEntries(names.map((name) => [name, contentOf[name].get(versions[name])])),
));

// Why the releases' own requirements forbid a combination, one sentence each.
const requirementsOf = Object.fromEntries(names.map((name) => [name, new Map()]));
for (const row of matrix.supported) {
  if (!requirementsOf[row.package].has(row.version)) requirementsOf[row.package].set(row.version, []);
  requirementsOf[row.package].get(row.version).push(row);
}
const refused = Object.fromEntries(Object.entries(matrix.refused).map(([name, byRequirement]) => [
  name, new Map(Object.entries(byRequirement).map(([asks, versions]) => [asks, new Set(versions)])),
]));
const refusals = (name, versions) => (requirementsOf[name].get(versions[name]) ?? [])
  .filter((row) => row.asks && refused[row.other].get(row.asks).has(versions[row.other]));
const isAllowed = (versions) => names.every((name) => !refusals(name, versions).length);
const forbidden = (versions) => names.flatMap((name) => refusals(name, versions)
  .map((row) => `${name} ${row.version} requires ${row.other} ${row.asks}, not ${versions[row.other]}`));

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const cellPattern = new RegExp(`^cell-${names.map((name) => `${escaped(name)}(.+)`).join('-')}$`);
const versionsOfCellId = (id) => {
  const match = cellPattern.exec(id);
  return match && Object.fromEntries(names.map((name, index) => [name, match[index + 1]]));
};

function grouped(rows, key) {
  const groups = new Map();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) || []), row]);
  return groups;
}

const number = (value) => value.toLocaleString('en-GB');
const day = (seconds) => (typeof seconds === 'number' ? new Date(seconds * 1000).toISOString().slice(0, 10) : null);
const asText = (value) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));
const short = (digest) => String(digest).slice(0, 12);
const command = (versions) => `./scripts/mdmeta run ${names.map((name) => `${name}==${versions[name]}`).join(' ')}`;
const listed = (parts) => (parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}` : parts.join(''));
const setText = (versions) => names.map((name) => `${name} ${versions[name]}`).join(', ');
const newest = Object.fromEntries(names.map((name) => [name, versionsOf(name).filter((version) => !(version in setAside[name])).at(-1) ?? versionsOf(name).at(-1)]));

// '0.8.32 to 0.8.69' as '0.8.32–69'.
function shortLabel(label) {
  if (label.includes(', ')) return label.split(', ').map(shortLabel).join(', ');
  const [first, last] = String(label).split(' to ');
  if (last === undefined) return first;
  const stem = first.slice(0, first.lastIndexOf('.') + 1);
  return `${first}–${stem && last.startsWith(stem) ? last.slice(stem.length) : last}`;
}

const findingsByCell = new Map();
const findingsByClause = new Map();
for (const finding of matrix.findings) {
  for (const cell of finding.cells) {
    if (!findingsByCell.has(cell)) findingsByCell.set(cell, []);
    findingsByCell.get(cell).push(finding);
  }
  if (!findingsByClause.has(finding.clause)) findingsByClause.set(finding.clause, []);
  findingsByClause.get(finding.clause).push(finding);
}

// The versions that a finding touches, package by package, and whether every combination of them is touched.
function affected(finding) {
  const parts = names.map((name) => {
    const positions = [...new Set(finding.cells.map((cell) => matrix.cells[cell].codes[name]))].sort((a, b) => a - b);
    return { name, positions, text: versionRanges(name, positions) };
  });
  const combinations = parts.reduce((product, part) => product * part.positions.length, 1);
  return { parts, everyCombination: combinations === finding.cells.length };
}

// The releases of some contents, neighbours as one range of versions.
function versionRanges(name, positions) {
  if (positions.length === matrix.packages[name].length) return 'every release';
  const ranges = [];
  let isInRange = false;
  for (const version of versionsOf(name)) {
    const isOne = positions.includes(contentOf[name].get(version));
    if (isOne && isInRange) ranges.at(-1)[1] = version;
    else if (isOne) ranges.push([version, version]);
    isInRange = isOne;
  }
  return ranges.map(([first, last]) => (first === last ? first : `${first} to ${last}`)).join(', ');
}
