// The releases of each package in order, boxed by the code that they install.
function timelines() {
  fill($('timelines'), names.map((name) => {
    const column = matrix.packages[name];
    const said = h('p', { class: 'hint', role: 'status', id: `about-${name}` },
      `${number(versionsOf(name).length)} releases, ${number(column.length)} distinct codes.`);
    return h('div', { class: 'timeline' }, h('h3', {}, name), said,
      h('ol', { class: 'strip', 'aria-label': `Releases of ${name}` }, column.map((code, at) => h('li', { class: 'code' },
        h('span', { class: 'code-label' }, h('strong', {}, brief(code.label)), ` ${code.uploaded[0]}`), tally(name, at),
        h('ol', {}, code.releases.map((version, number) => h('li', {}, tick(name, version, code.uploaded[number]))))))));
  }));
}

const cellsOf = (name, at) => matrix.cells.filter((cell) => cell.codes[name] === at);
const working = (cells) => cells.filter((cell) => cell.verdict === 'compatible').length;

// With how many combinations of the others' codes a code works: a bar and the number.
function tally(name, at) {
  const cells = cellsOf(name, at);
  const groups = [...grouped(cells, (cell) => cell.verdict)].sort(([a], [b]) => Object.keys(GLYPHS).indexOf(a) - Object.keys(GLYPHS).indexOf(b));
  const bar = h('span', { class: 'tally-bar', 'aria-hidden': 'true' }, groups.map(([verdict, some]) => {
    const part = h('span', { class: `${verdict} allowed` });
    part.style.flexGrow = String(some.length);
    return part;
  }));
  return h('span', { class: 'tally', title: `${working(cells)} of ${cells.length} cells are compatible` }, bar,
    h('span', {}, `${working(cells)}/${cells.length}`), h('span', { class: 'hidden' }, ' cells are compatible'));
}

function tick(name, version, uploaded) {
  return h('a', {
    id: `release-${name}-${version}`, href: `#release-${name}-${version}`, class: 'tick', 'data-package': name,
    'data-version': version, 'data-uploaded': uploaded, 'aria-label': `${name} ${version}, ${uploaded}`, title: `${name} ${version}, published ${uploaded}`,
  }, version.slice(version.lastIndexOf('.') + 1));
}

function openRelease(id) {
  const mark = $(id);
  if (!mark?.matches('a.tick')) return false;
  const { package: name, version, uploaded } = mark.dataset;
  const at = codeOf[name].get(version);
  const code = matrix.packages[name][at];
  const cells = cellsOf(name, at);
  const asks = matrix.supported.filter((row) => row.package === name && row.version === version)
    .map((row) => `${row.other}: asks ${row.asks === '' ? 'for any version' : row.asks ?? 'nothing'}, works with ${row.works}`);
  for (const other of document.querySelectorAll(`a.tick[data-package="${CSS.escape(name)}"]`)) other.removeAttribute('aria-current');
  mark.setAttribute('aria-current', 'true');
  fill($(`about-${name}`), h('strong', {}, `${name} ${version}`), ` was published on ${uploaded} and installs code `, h('code', {}, short(code.content)),
    `, as ${code.releases.length === 1 ? 'no other release does' : `${code.label} do`}. ${working(cells)} of ${cells.length} cells with it are compatible. ${asks.join('; ')}`);
  mark.scrollIntoView({ block: 'center', inline: 'center' });
  mark.focus({ preventScroll: true });
  return true;
}
