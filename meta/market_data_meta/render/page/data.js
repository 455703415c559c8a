// What matrix.json says, indexed. Nothing here touches the page.
const { matrix, clauses } = JSON.parse(document.getElementById('data').textContent);
const names = Object.keys(matrix.packages);
const clauseOf = new Map(clauses.map((clause) => [clause.id, clause]));
const GLYPHS = { compatible: '✔', incompatible: '✘', uninstallable: '⊘', unknown: '?' };

// Package -> version -> position of its code.
const codeOf = Object.fromEntries(names.map((name) => [
  name,
  new Map(matrix.packages[name].flatMap((code, at) => code.releases.map((version) => [version, at]))),
]));
const versionsOf = (name) => matrix.packages[name].flatMap((code) => code.releases);
const placeKey = (codes) => names.map((name) => codes[name]).join('.');
const cellAt = new Map(matrix.cells.map((cell, number) => [placeKey(cell.codes), number]));

// The number of the cell that decides a combination, or undefined if a version is not in the matrix.
const cellFor = (versions) => cellAt.get(placeKey(
  Object.fromEntries(names.map((name) => [name, codeOf[name].get(versions[name])])),
));

// What the releases' own requirements say against a combination, one sentence each.
const asksOf = Object.fromEntries(names.map((name) => [name, new Map()]));
for (const row of matrix.supported) {
  if (!asksOf[row.package].has(row.version)) asksOf[row.package].set(row.version, []);
  asksOf[row.package].get(row.version).push(row);
}
const forbidden = (versions) => names.flatMap((name) => (asksOf[name].get(versions[name]) ?? [])
  .filter((row) => row.asks && matrix.refused[row.other][row.asks].includes(versions[row.other]))
  .map((row) => `${name} ${row.version} requires ${row.other} ${row.asks}, not ${versions[row.other]}`));

const cellId = (versions) => `cell-${names.map((name) => name + versions[name]).join('-')}`;
const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const cellPattern = new RegExp(`^cell-${names.map((name) => `${literal(name)}(.+)`).join('-')}$`);
const readCell = (id) => {
  const found = cellPattern.exec(id);
  return found && Object.fromEntries(names.map((name, at) => [name, found[at + 1]]));
};

const number = (value) => value.toLocaleString('en-GB');
const day = (seconds) => (typeof seconds === 'number' ? new Date(seconds * 1000).toISOString().slice(0, 10) : null);
const asText = (value) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));
const short = (digest) => String(digest).slice(0, 12);
const command = (versions) => `./scripts/mdmeta run ${names.map((name) => `${name}==${versions[name]}`).join(' ')}`;
const newest = Object.fromEntries(names.map((name) => [name, versionsOf(name).at(-1)]));

// '0.8.32 to 0.8.69' in little room: '0.8.32–69'.
function brief(label) {
  const [first, last] = String(label).split(' to ');
  if (last === undefined) return first;
  const stem = first.slice(0, first.lastIndexOf('.') + 1);
  return `${first}–${stem && last.startsWith(stem) ? last.slice(stem.length) : last}`;
}

// How a cell looks: its verdict, and whether any of its combinations is allowed by the packages' requirements.
const look = (cell) => `${cell.verdict} ${cell.allowed ? 'allowed' : 'forbidden'}`;

function promiseOf(cell) {
  if (cell.allowed === cell.stands_for) return cell.stands_for === 1 ? 'allowed' : `all ${number(cell.stands_for)} allowed`;
  if (!cell.allowed) return cell.stands_for === 1 ? 'forbidden' : `all ${number(cell.stands_for)} forbidden`;
  return `${number(cell.allowed)} of ${number(cell.stands_for)} allowed`;
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
    const at = [...new Set(finding.cells.map((cell) => matrix.cells[cell].codes[name]))].sort((a, b) => a - b);
    return { name, at, text: runs(name, at) };
  });
  const box = parts.reduce((size, part) => size * part.at.length, 1);
  return { parts, whole: box === finding.cells.length };
}

// Neighbouring codes as one range of versions.
function runs(name, at) {
  const column = matrix.packages[name];
  if (at.length === column.length) return 'every release';
  const groups = [];
  for (const one of at) {
    const last = groups.at(-1);
    if (last && last[1] === one - 1) last[1] = one;
    else groups.push([one, one]);
  }
  return groups.map(([from, to]) => {
    const [first, last] = [column[from].releases[0], column[to].releases.at(-1)];
    return first === last ? first : `${first} to ${last}`;
  }).join(', ');
}
