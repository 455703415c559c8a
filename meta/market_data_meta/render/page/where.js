// Where the chosen capability works: a grid of the first two packages; the others decide within a cell.
const [rowName, columnName, ...otherNames] = names;
const cellsAt = (row, column) => matrix.cells.flatMap((cell, cellNumber) => (
  cell.codes[rowName] === row && cell.codes[columnName] === column ? [cellNumber] : []));
let openPlace = null;

function showWhere() {
  const others = listed(otherNames);
  $('where-hint').textContent = `${chosenTitle()}: ${rowName} downwards, ${columnName} across.${others ? ` A cell is split where it depends on ${others}.` : ''}`
    + `${chosen ? '' : ' The number says how many capabilities are broken.'} Choose a cell for what it depends on.`;
  openPlace ??= matrix.cells.length ? [matrix.packages[rowName].length - 1, matrix.packages[columnName].length - 1] : null;
  const head = h('tr', {}, h('td', { class: 'corner' }),
    matrix.packages[columnName]?.map((content) => h('th', { scope: 'col' }, h('span', {}, shortLabel(content.label)))));
  const rows = (matrix.packages[rowName] ?? []).map((content, row) => h('tr', {}, h('th', { scope: 'row' }, shortLabel(content.label)),
    matrix.packages[columnName].map((_, column) => gridCell(row, column))));
  const table = h('table', { role: 'grid', class: 'grid', 'aria-label': `${rowName} and ${columnName}` },
    h('thead', {}, head), h('tbody', {}, rows.reverse()));
  table.addEventListener('keydown', moveFocus);
  table.addEventListener('focusin', rememberFocus);
  fill($('grid'), h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Grid of all distinct codes' }, table));
  fill($('legend'), BEST_FIRST.map((state) => h('li', {}, chip(state, chosen ? state : (state === 'works' ? 'all work' : `something ${state}`)))),
    h('li', {}, h('span', { class: 'chip works forbidden' }, 'pale'), ' forbidden by the packages’ own requirements'));
  if (openPlace) showPlace();
}

// The cells of one place of the grid by state, the best first.
function byState(cellNumbers_) {
  return BEST_FIRST.map((state) => ({ state, cellNumbers: cellNumbers_.filter((cellNumber) => stateAt(cellNumber) === state) }))
    .filter((part) => part.cellNumbers.length);
}

// With which contents of the other packages, in words.
function partners(part, all) {
  if (part.cellNumbers.length === all.length) return otherNames.length ? `with every ${otherNames.join(' and ')}` : '';
  return `with ${listed(otherNames.map((name) => `${name} ${versionRanges(name, [...new Set(
    part.cellNumbers.map((cellNumber) => matrix.cells[cellNumber].codes[name]))].sort((a, b) => a - b))}`))}`;
}

const requirementWords = (part) => {
  const allowedCount = part.cellNumbers.reduce((sum, cellNumber) => sum + matrix.cells[cellNumber].allowed, 0);
  const total = part.cellNumbers.reduce((sum, cellNumber) => sum + matrix.cells[cellNumber].stands_for, 0);
  return allowedCount ? `the requirements allow ${number(allowedCount)} of ${number(total)} sets` : 'the requirements forbid it';
};
const placeTitle = (row, column) => `${rowName} ${matrix.packages[rowName][row].label} with ${columnName} ${matrix.packages[columnName][column].label}`;
const stateWords = (part) => (chosen ? part.state : brokenRange(part));

// How many capabilities are broken in some cells: '6 broken', '6–8 broken'.
function brokenRange(part) {
  const counts = part.cellNumbers.map((cellNumber) => countsOf[cellNumber].broken);
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
  return `${fewest === most ? fewest : `${fewest}–${most}`} of ${capabilities.length} broken`;
}

function gridCell(row, column) {
  const all = cellsAt(row, column);
  if (!all.length) return h('td', {});
  const parts = byState(all);
  const label = `${placeTitle(row, column)}: ${parts.map((part) => `${stateWords(part)} ${partners(part, all)} (${requirementWords(part)})`).join('; ')}`;
  const isOpen = openPlace && openPlace[0] === row && openPlace[1] === column;
  const button = h('button', {
    type: 'button', class: 'cell', 'aria-label': label, title: label, 'aria-pressed': String(Boolean(isOpen)), tabindex: isOpen ? '0' : '-1',
    'data-row': String(row), 'data-column': String(column), onclick: () => { openPlace = [row, column]; markPlace(); showPlace(); },
  }, parts.map((part) => {
    const isPartAllowed = part.cellNumbers.some((cellNumber) => matrix.cells[cellNumber].allowed);
    const piece = h('span', { class: `piece ${part.state} ${isPartAllowed ? 'allowed' : 'forbidden'}`, 'aria-hidden': 'true' },
      CAPABILITY_STATES[part.state].mark, chosen || part.state !== 'broken' ? null : brokenRange(part).split(' ')[0]);
    piece.style.flexGrow = String(part.cellNumbers.length);
    return piece;
  }));
  return h('td', {}, button);
}

function markPlace() {
  for (const cell of document.querySelectorAll('.grid .cell')) {
    cell.setAttribute('aria-pressed', String(Number(cell.dataset.row) === openPlace[0] && Number(cell.dataset.column) === openPlace[1]));
  }
}

function showPlace() {
  const [row, column] = openPlace;
  const all = cellsAt(row, column);
  fill($('where-detail'), h('h3', {}, placeTitle(row, column)), h('ul', { class: 'parts' }, byState(all).map((part) => {
    const cellNumber = Math.min(...part.cellNumbers);
    const cell = matrix.cells[cellNumber];
    const failures = chosen ? failuresOf(capabilityOf.get(chosen), cellNumber) : [];
    return h('li', {}, chip(part.state, chosen ? part.state : brokenRange(part)), ` ${partners(part, all)}; ${requirementWords(part)}. `,
      failures[0] && part.state !== 'works' ? `${failures[0].sentence} ` : null,
      h('a', { href: deployAddress(cell.combination) }, `Can I deploy ${setText(cell.combination)}?`));
  })));
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
  const within = (value_, length) => Math.min(Math.max(value_, 0), length - 1);
  const row = rows[within(rows.indexOf(from.parentNode) + step[0], rows.length)];
  row.cells[within(from.cellIndex - 1 + step[1], row.cells.length - 1) + 1].querySelector('.cell')?.focus();
}

// The grid is one stop for the tabulator key: the cell that had the focus last.
function rememberFocus(event) {
  if (!event.target.matches('.cell')) return;
  for (const other of event.currentTarget.querySelectorAll('.cell[tabindex="0"]')) other.tabIndex = -1;
  event.target.tabIndex = 0;
}
