// What the requirements allow against what works.
const CLASSES = {
  kept: ['compatible allowed', 'allowed, and it works'],
  'over-promised': ['incompatible allowed', 'allowed, but it is broken'],
  'over-restricted': ['compatible forbidden', 'forbidden, although it works'],
  'rightly excluded': ['incompatible forbidden', 'forbidden, and it is broken'],
  undecided: ['unknown forbidden', 'no evidence either way'],
};

function promise() {
  const total = Object.values(matrix.promise).reduce((sum, count) => sum + count, 0);
  const shown = Object.entries(matrix.promise).filter(([name, count]) => count || name !== 'undecided');
  const share = (count) => (total ? `${(100 * count / total).toFixed(1)} %` : '0 %');
  fill($('promise-bar'), shown.filter(([, count]) => count).map(([name, count]) => {
    const part = h('div', { class: `swatch ${CLASSES[name]?.[0] ?? 'unknown forbidden'}` }, h('span', {}, share(count)));
    part.style.flexGrow = String(count);
    return part;
  }));
  fill($('promise-classes'), shown.map(([name, count]) => h('div', {},
    h('dt', {}, h('span', { class: `swatch ${CLASSES[name]?.[0] ?? 'unknown forbidden'}`, 'aria-hidden': 'true' }), name),
    h('dd', { class: 'count' }, number(count), h('span', { class: 'share' }, ` ${share(count)}`)),
    h('dd', { class: 'meaning' }, CLASSES[name]?.[1] ?? ''))));
  const pairs = grouped(matrix.supported, (row) => `${row.package} on ${row.other}`);
  fill($('supported'), [...pairs].map(([title, rows]) => pair(title, rows)));
}

function grouped(rows, key) {
  const found = new Map();
  for (const row of rows) found.set(key(row), [...(found.get(key(row)) || []), row]);
  return found;
}

// The newest releases of one package and what they say about another; the older ones on demand.
const FIRST = 1;
function pair(title, rows) {
  const collapsed = [];
  for (const row of rows) {
    const last = collapsed.at(-1);
    if (last && last.asks === row.asks && last.works === row.works) last.to = row.version;
    else collapsed.push({ ...row, from: row.version, to: row.version });
  }
  collapsed.reverse();
  const rest = collapsed.slice(FIRST);
  return h('div', { class: 'pair' }, h('h4', {}, title),
    table(`${title}, newest releases`, collapsed.slice(0, FIRST)),
    rest.length > 0 && h('details', {},
      h('summary', {}, `${rest.length} earlier ${rest.length === 1 ? 'group' : 'groups'} of releases`),
      table(`${title}, earlier releases`, rest)));
}

// A specifier that breaks between its parts.
const spaced = (specifier) => specifier.replaceAll(',', ', ');

function table(label, rows) {
  const line = (row) => h('tr', {},
    h('th', { scope: 'row' }, row.from === row.to ? row.from : `${row.from} to ${row.to}`),
    h('td', {}, row.asks ? h('code', {}, spaced(row.asks)) : h('span', { class: 'muted' }, row.asks === '' ? 'any version' : 'nothing')),
    h('td', {}, h('code', {}, spaced(row.works))));
  return h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label }, h('table', { class: 'plain' },
    h('thead', {}, h('tr', {}, ['Releases', 'Asks for', 'Works with'].map((head) => h('th', { scope: 'col' }, head)))),
    h('tbody', {}, rows.map(line))));
}
