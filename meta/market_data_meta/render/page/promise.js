// What the requirements allow against what works.
function showPromise() {
  const total = Object.values(matrix.promise).reduce((sum, count) => sum + count, 0);
  const shown = Object.entries(matrix.promise).filter(([name, count]) => count || name !== 'undecided');
  const share = (count) => (total ? `${(100 * count / total).toFixed(1)} %` : '0 %');
  fill($('promise-bar'), shown.filter(([, count]) => count).map(([name, count]) => {
    const part = h('div', { class: `swatch ${cellClasses(PROMISES[name])}` }, h('span', {}, share(count)));
    part.style.flexGrow = String(count);
    return part;
  }));
  fill($('promise-classes'), shown.map(([name, count]) => h('div', {},
    h('dt', {}, h('span', { class: `swatch ${cellClasses(PROMISES[name])}`, 'aria-hidden': 'true' }), name),
    h('dd', { class: 'count' }, number(count), h('span', { class: 'share' }, ` ${share(count)}`)),
    h('dd', { class: 'meaning' }, PROMISES[name].words))));
  const pairs = grouped(matrix.supported, (row) => `${row.package} on ${row.other}`);
  fill($('supported'), [...pairs].map(([title, rows]) => supportedVersions(title, rows)));
}

function grouped(rows, key) {
  const groups = new Map();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) || []), row]);
  return groups;
}

// The newest releases of one package and what they say about another; the older ones on demand.
const SHOWN = 1;
function supportedVersions(title, rows) {
  const ranges = [];
  for (const row of rows) {
    const last = ranges.at(-1);
    if (last && last.asks === row.asks && last.works === row.works) last.to = row.version;
    else ranges.push({ ...row, from: row.version, to: row.version });
  }
  ranges.reverse();
  const earlier = ranges.slice(SHOWN);
  return h('div', { class: 'pair' }, h('h4', {}, title),
    table(`${title}, newest releases`, ranges.slice(0, SHOWN)),
    earlier.length > 0 && h('details', {},
      h('summary', {}, `${earlier.length} earlier ${earlier.length === 1 ? 'group' : 'groups'} of releases`),
      table(`${title}, earlier releases`, earlier)));
}

// A specifier that breaks between its parts.
const spaced = (specifier) => specifier.replaceAll(',', ', ');

function table(label, rows) {
  const tableRow = (row) => h('tr', {},
    h('th', { scope: 'row' }, row.from === row.to ? row.from : `${row.from} to ${row.to}`),
    h('td', {}, row.asks ? h('code', {}, spaced(row.asks)) : h('span', { class: 'muted' }, row.asks === '' ? 'any version' : 'nothing')),
    h('td', {}, h('code', {}, spaced(row.works))));
  return h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label }, h('table', { class: 'plain' },
    h('thead', {}, h('tr', {}, ['Releases', 'Asks for', 'Works with'].map((head) => h('th', { scope: 'col' }, head)))),
    h('tbody', {}, rows.map(tableRow))));
}
