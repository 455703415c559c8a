// The heat map: a grid of the first two packages for each content of the others, and the detail of a cell.
const [rowName, columnName, ...panelNames] = names;

// Every combination of contents of some packages, each as package -> position.
function* contentCombinations(packages) {
  if (!packages.length) { yield {}; return; }
  const [name, ...others] = packages;
  for (let position = 0; position < matrix.packages[name].length; position += 1) {
    for (const rest of contentCombinations(others)) yield { [name]: position, ...rest };
  }
}

function showGrids() {
  const grid = panelNames.length ? `One grid for each distinct content of ${panelNames.join(' and ')}` : 'One grid';
  $('matrix-hint').textContent = `${grid}: ${rowName} downwards, ${columnName} across, labelled with their releases. `
    + 'Choose a cell for its evidence; arrow keys move.';
  showLegend();
  fill($('grids'), [...contentCombinations(panelNames)].map(panel));
}

// A line for each look that a cell may have, with the number of cells that have it.
function showLegend() {
  const looks = Object.entries(VERDICTS).flatMap(([verdict, { mark, words, pale_if_forbidden: hasTwoLooks }]) => {
    const cells = matrix.cells.filter((cell) => cell.verdict === verdict);
    if (!hasTwoLooks) return cells.length ? [{ verdict, allowed: false, mark, text: words, count: cells.length }] : [];
    return [true, false].map((allowed) => ({
      verdict, allowed, mark, text: `${words}, and the requirements ${allowed ? 'allow' : 'forbid'} it`,
      count: cells.filter((cell) => Boolean(cell.allowed) === allowed).length,
    }));
  });
  fill($('legend'), looks.map((look) => h('li', {},
    h('span', { class: `swatch ${cellClasses(look)}`, 'aria-hidden': 'true' }, look.mark), `${look.text} `,
    h('span', { class: 'muted' }, number(look.count)))));
}

function panel(panelContents) {
  const title = panelNames.map((name) => `${name} ${shortLabel(matrix.packages[name][panelContents[name]].label)}`).join(', ')
    || `${rowName} and ${columnName}`;
  const head = h('tr', {}, h('td', { class: 'corner' }),
    matrix.packages[columnName].map((content) => h('th', { scope: 'col' }, h('span', {}, shortLabel(content.label)))));
  const rows = matrix.packages[rowName].map((content, row) => h('tr', {},
    h('th', { scope: 'row' }, shortLabel(content.label)),
    matrix.packages[columnName].map((_, column) => cellLink({ ...panelContents, [rowName]: row, [columnName]: column }, row + column === 0))));
  const table = h('table', { role: 'grid', 'aria-label': title }, h('thead', {}, head), h('tbody', {}, rows));
  table.addEventListener('keydown', moveFocus);
  table.addEventListener('focusin', rememberFocus);
  return h('div', { class: 'panel' }, h('h3', {}, title),
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Grid of ${title}` }, table));
}

function cellLink(positions, isFirst) {
  const cellNumber = cellNumbers.get(positionsKey(positions));
  const cell = matrix.cells[cellNumber];
  if (!cell) return h('td', {});
  const label = names.map((name) => `${name} ${matrix.packages[name][positions[name]].label}`).join(', ');
  const description = `${label}: ${cell.verdict}, ${allowedWords(cell)}`;
  return h('td', {}, h('a', {
    id: cellId(cell.combination), href: `#${cellId(cell.combination)}`, class: `cell ${cellClasses(cell)}`, 'data-cell': String(cellNumber),
    'aria-label': description, title: description, tabindex: isFirst ? '0' : '-1',
  }, h('span', { 'aria-hidden': 'true' }, VERDICTS[cell.verdict].mark)));
}

const STEPS = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
  Home: [0, -Infinity], End: [0, Infinity], PageUp: [-Infinity, 0], PageDown: [Infinity, 0],
};

function moveFocus(event) {
  const step = STEPS[event.key];
  const from = event.target.closest('td');
  if (!step || !from || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const rows = [...event.currentTarget.tBodies[0].rows];
  const within = (value, length) => Math.min(Math.max(value, 0), length - 1);
  const row = rows[within(rows.indexOf(from.parentNode) + step[0], rows.length)];
  row.cells[within(from.cellIndex - 1 + step[1], row.cells.length - 1) + 1].querySelector('a')?.focus();
}

// One stop for the tabulator key in each grid: the cell that had the focus last.
function rememberFocus(event) {
  if (!event.target.matches('a.cell')) return;
  for (const other of event.currentTarget.querySelectorAll('a.cell[tabindex="0"]')) other.tabIndex = -1;
  event.target.tabIndex = 0;
}

// The link of the cell whose detail is open.
let openCell = null;

// Opens the detail of a combination; its cell may have been run with other versions of the same content.
function showDetail(versions, { focus = true } = {}) {
  const cellNumber = cellNumberOf(versions);
  const cell = matrix.cells[cellNumber];
  if (!cell) return false;
  for (const other of document.querySelectorAll('a.cell[aria-current]')) other.removeAttribute('aria-current');
  openCell = $(cellId(cell.combination));
  openCell?.setAttribute('aria-current', 'true');
  if (!openCell?.matches(':focus, :hover')) openCell?.scrollIntoView({ block: 'center', inline: 'nearest' });
  const findings = findingsByCell.get(cellNumber) || [];
  const list = (listed) => h('ul', { class: 'reasons' }, listed.map((finding) => h('li', {},
    clauseLink(finding.clause), ' ', badge(finding.level, finding.level), h('br'),
    finding.waived === null ? finding.message : finding.waived)));
  const [open, waived] = [true, false].map((isOpen) => findings.filter((finding) => (finding.waived === null) === isOpen));
  $('detail-title').textContent = names.map((name) => `${name} ${versions[name]}`).join(' · ');
  fill($('detail-body'),
    h('p', { class: 'answer' }, verdictBadge(cell)),
    why(cell), evidence(cell, versions), copyable(command(versions)),
    open.length > 0 && [h('h3', {}, `Violated: ${open.length}`), list(open)],
    waived.length > 0 && h('details', {}, h('summary', {}, `Known and waived: ${waived.length}`), list(waived)),
    findings.length === 0 && h('p', { class: 'muted' }, 'No findings.'));
  $('detail').hidden = false;
  $('detail').scrollTop = 0;
  if (focus) $('detail-title').focus({ preventScroll: true });
  return true;
}

function hideDetail() {
  $('detail').hidden = true;
  openCell?.removeAttribute('aria-current');
}

function closeDetail() {
  if ($('detail').hidden) return;
  hideDetail();
  history.replaceState(null, '', '#matrix');
  openCell?.focus();
}
