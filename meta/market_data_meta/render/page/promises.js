// What the requirements allow against what works.
function promiseCounts() {
  if (chosen && matrix.promises[chosen]) return matrix.promises[chosen];
  const counts = { allowed: {}, forbidden: {} };
  matrix.cells.forEach((cell, cellNumber) => {
    const state = stateAt(cellNumber);
    counts.allowed[state] = (counts.allowed[state] ?? 0) + cell.allowed;
    counts.forbidden[state] = (counts.forbidden[state] ?? 0) + cell.stands_for - cell.allowed;
  });
  return counts;
}

function showPromises() {
  const counts = promiseCounts();
  $('promises-hint').textContent = `${chosenTitle()}: what the packages’ own requirements say of all published combinations, against what was found`
    + `${chosen ? '.' : ', by the worst state of any capability.'}`;
  const states = BEST_FIRST.filter((state) => state !== 'unknown' || counts.allowed.unknown || counts.forbidden.unknown);
  const rows = ['allowed', 'forbidden'].map((requirements) => h('tr', {}, h('th', { scope: 'row' }, requirements), states.map((state) => {
    const { words } = PROMISES.find((promise) => promise.requirements === requirements && promise.state === state);
    const count = counts[requirements][state] ?? 0;
    return h('td', { class: count ? `${state} ${requirements}` : 'none', title: words }, h('span', { class: 'count' }, number(count)),
      h('span', { class: 'meaning' }, words));
  })));
  fill($('promise-counts'), h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Promises in numbers' },
    h('table', { class: 'promise' },
      h('thead', {}, h('tr', {}, h('td', {}), states.map((state) => h('th', { scope: 'col' }, mark(state), ` ${state}`)))), h('tbody', {}, rows))));
  const newestRows = matrix.supported.filter((row) => row.version === newest[row.package]);
  const tableRow = (row) => h('tr', {}, h('th', { scope: 'row' }, `${row.package} ${row.version}`), h('td', {}, row.other),
    h('td', {}, row.asks ? h('code', {}, spaced(row.asks)) : h('span', { class: 'muted' }, row.asks === '' ? 'any version' : 'nothing')),
    h('td', {}, usable(row)));
  fill($('supported'), h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'What the newest releases ask for' },
    h('table', { class: 'plain' },
      h('thead', {}, h('tr', {}, ['Release', 'Of', 'Asks for', chosen ? 'Usable with' : 'Usable capabilities'].map((head) => h('th', { scope: 'col' }, head)))),
      h('tbody', {}, newestRows.map(tableRow)))));
}

// A specifier that breaks between its parts.
const spaced = (specifier) => specifier.replaceAll(',', ', ');

// A specifier; one that leaves out many versions by name says how many, and names them on demand.
const MOST_PARTS = 4;
function specifierOf(specifier) {
  const parts = specifier.split(',');
  if (parts.length <= MOST_PARTS) return h('code', {}, spaced(specifier));
  const leftOut = parts.filter((part) => part.startsWith('!='));
  const others = parts.filter((part) => !part.startsWith('!='));
  return h('details', { class: 'specifier' }, h('summary', {}, h('code', {}, others.join(', ')), ` without ${leftOut.length} versions`), h('code', {}, leftOut.join(', ')));
}

// With which versions the chosen capability can be used; for all capabilities, how many of them with which.
function usable(row) {
  if (chosen) return specifierOf(row.usable[chosen] ?? 'unknown');
  const groups = grouped(Object.entries(row.usable), ([, specifier]) => specifier);
  const isLong = ([specifier]) => specifier.split(',').length > MOST_PARTS;
  return [...groups].sort((a, b) => isLong(a) - isLong(b) || b[1].length - a[1].length)
    .map(([specifier, entries], place) => h('span', {}, `${place ? '; ' : ''}${entries.length} with `, specifierOf(specifier)));
}
