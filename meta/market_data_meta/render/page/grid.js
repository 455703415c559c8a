// The heat map: a grid of the first two packages for each code of the others, and the detail of a cell.
const [rowName, columnName, ...panelNames] = names;

function* products(left) {
  if (!left.length) { yield {}; return; }
  const [name, ...rest] = left;
  for (let at = 0; at < matrix.packages[name].length; at += 1) {
    for (const other of products(rest)) yield { [name]: at, ...other };
  }
}

function grids() {
  const grid = panelNames.length ? `One grid for each distinct code of ${panelNames.join(' and ')}` : 'One grid';
  $('matrix-hint').textContent = `${grid}: ${rowName} downwards, ${columnName} across, labelled with their releases. `
    + 'Choose a cell for its evidence; arrow keys move.';
  legend();
  fill($('grids'), [...products(panelNames)].map(panel));
}

function legend() {
  const meanings = [
    ['compatible allowed', 'works, and the requirements allow it'], ['compatible forbidden', 'works, but they forbid it'],
    ['incompatible allowed', 'broken, yet they allow it'], ['incompatible forbidden', 'broken, and they forbid it'],
    ['uninstallable forbidden', 'cannot be installed'], ['unknown forbidden', 'unknown'],
  ];
  const counts = grouped(matrix.cells, look);
  const all = (key) => (key.startsWith('comp') || key.startsWith('inc') ? counts.get(key) || []
    : matrix.cells.filter((cell) => key.startsWith(cell.verdict)));
  fill($('legend'), meanings.map(([key, text]) => [key, text, all(key).length])
    .filter(([key, , count]) => count || key.startsWith('compatible') || key.startsWith('incompatible allowed'))
    .map(([key, text, count]) => h('li', {},
      h('span', { class: `swatch ${key}`, 'aria-hidden': 'true' }, GLYPHS[key.split(' ')[0]]), `${text} `,
      h('span', { class: 'muted' }, number(count)))));
}

function panel(fixed) {
  const title = panelNames.map((name) => `${name} ${brief(matrix.packages[name][fixed[name]].label)}`).join(', ')
    || `${rowName} and ${columnName}`;
  const head = h('tr', {}, h('td', { class: 'corner' }),
    matrix.packages[columnName].map((code) => h('th', { scope: 'col' }, h('span', {}, brief(code.label)))));
  const lines = matrix.packages[rowName].map((code, row) => h('tr', {},
    h('th', { scope: 'row' }, brief(code.label)),
    matrix.packages[columnName].map((_, column) => cellOf({ ...fixed, [rowName]: row, [columnName]: column }, row + column === 0))));
  const table = h('table', { role: 'grid', 'aria-label': title }, h('thead', {}, head), h('tbody', {}, lines));
  table.addEventListener('keydown', move);
  table.addEventListener('focusin', rove);
  return h('div', { class: 'panel' }, h('h3', {}, title),
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Grid of ${title}` }, table));
}

function cellOf(codes, first) {
  const at = cellAt.get(placeKey(codes));
  const cell = matrix.cells[at];
  if (!cell) return h('td', {});
  const label = names.map((name) => `${name} ${matrix.packages[name][codes[name]].label}`).join(', ');
  const said = `${label}: ${cell.verdict}, ${promiseOf(cell)}`;
  return h('td', {}, h('a', {
    id: cellId(cell.combination), href: `#${cellId(cell.combination)}`, class: `cell ${look(cell)}`, 'data-cell': String(at),
    'aria-label': said, title: said, tabindex: first ? '0' : '-1',
  }, h('span', { 'aria-hidden': 'true' }, GLYPHS[cell.verdict] ?? '?')));
}

const STEPS = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
  Home: [0, -Infinity], End: [0, Infinity], PageUp: [-Infinity, 0], PageDown: [Infinity, 0],
};

function move(event) {
  const step = STEPS[event.key];
  const from = event.target.closest('td');
  if (!step || !from || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const lines = [...event.currentTarget.tBodies[0].rows];
  const within = (value, length) => Math.min(Math.max(value, 0), length - 1);
  const line = lines[within(lines.indexOf(from.parentNode) + step[0], lines.length)];
  line.cells[within(from.cellIndex - 1 + step[1], line.cells.length - 1) + 1].querySelector('a')?.focus();
}

// One stop for the tabulator key in each grid: the cell that had the focus last.
function rove(event) {
  if (!event.target.matches('a.cell')) return;
  for (const other of event.currentTarget.querySelectorAll('a.cell[tabindex="0"]')) other.tabIndex = -1;
  event.target.tabIndex = 0;
}

let opener = null;

// Opens the detail of a combination, which may be another one with the same code than the one that was run.
function detail(versions, { focus = true } = {}) {
  const at = cellFor(versions);
  const cell = matrix.cells[at];
  if (!cell) return false;
  for (const other of document.querySelectorAll('a.cell[aria-current]')) other.removeAttribute('aria-current');
  opener = $(cellId(cell.combination));
  opener?.setAttribute('aria-current', 'true');
  if (!opener?.matches(':focus, :hover')) opener?.scrollIntoView({ block: 'center', inline: 'nearest' });
  const found = findingsByCell.get(at) || [];
  const list = (some) => h('ul', { class: 'reasons' }, some.map((finding) => h('li', {},
    clauseLink(finding.clause), ' ', badge(finding.level, finding.level), h('br'),
    finding.waived === null ? finding.message : finding.waived)));
  const [open, waived] = [found.filter((one) => one.waived === null), found.filter((one) => one.waived !== null)];
  $('detail-title').textContent = names.map((name) => `${name} ${versions[name]}`).join(' · ');
  fill($('detail-body'),
    h('p', { class: 'answer' }, verdictBadge(cell)),
    why(cell), evidence(cell, versions), copyable(command(versions)),
    open.length > 0 && [h('h3', {}, `Violated: ${open.length}`), list(open)],
    waived.length > 0 && h('details', {}, h('summary', {}, `Known and waived: ${waived.length}`), list(waived)),
    found.length === 0 && h('p', { class: 'muted' }, 'No findings.'));
  $('detail').hidden = false;
  $('detail').scrollTop = 0;
  if (focus) $('detail-title').focus({ preventScroll: true });
  return true;
}

function hideDetail() {
  $('detail').hidden = true;
  opener?.removeAttribute('aria-current');
}

function closeDetail() {
  if ($('detail').hidden) return;
  hideDetail();
  history.replaceState(null, '', '#matrix');
  opener?.focus();
}
