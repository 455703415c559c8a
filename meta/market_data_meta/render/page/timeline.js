// The releases of each package in order, in a box for each content.
function showTimelines() {
  fill($('timelines'), names.map((name) => {
    const contents = matrix.packages[name];
    const about = h('p', { class: 'hint', role: 'status', id: `about-${name}` },
      `${number(versionsOf(name).length)} releases, ${number(contents.length)} distinct contents.`);
    return h('div', { class: 'timeline' }, h('h3', {}, name), about,
      h('ol', { class: 'strip', 'aria-label': `Releases of ${name}` }, contents.map((content, position) => h('li', { class: 'content' },
        h('span', { class: 'content-label' }, h('strong', {}, shortLabel(content.label)), ` ${content.uploaded[0]}`), tally(name, position),
        h('ol', {}, content.releases.map((version, index) => h('li', {}, releaseLink(name, version, content.uploaded[index]))))))));
  }));
}

const cellsOf = (name, position) => matrix.cells.filter((cell) => cell.codes[name] === position);
const compatibleCount = (cells) => cells.filter((cell) => cell.verdict === 'compatible').length;

// With how many combinations of the other packages' contents a content works: a bar and the number.
function tally(name, position) {
  const cells = cellsOf(name, position);
  const groups = grouped(cells, (cell) => cell.verdict);
  const verdicts = Object.keys(VERDICTS).filter((verdict) => groups.has(verdict));
  const bar = h('span', { class: 'tally-bar', 'aria-hidden': 'true' }, verdicts.map((verdict) => {
    const part = h('span', { class: `${verdict} allowed` });
    part.style.flexGrow = String(groups.get(verdict).length);
    return part;
  }));
  return h('span', { class: 'tally', title: `${compatibleCount(cells)} of ${cells.length} cells are compatible` }, bar,
    h('span', {}, `${compatibleCount(cells)}/${cells.length}`), h('span', { class: 'hidden' }, ' cells are compatible'));
}

function releaseLink(name, version, uploaded) {
  return h('a', {
    id: `release-${name}-${version}`, href: `#release-${name}-${version}`, class: 'tick', 'data-package': name,
    'data-version': version, 'data-uploaded': uploaded, 'aria-label': `${name} ${version}, ${uploaded}`, title: `${name} ${version}, published ${uploaded}`,
  }, version.slice(version.lastIndexOf('.') + 1));
}

function openRelease(id) {
  const link = $(id);
  if (!link?.matches('a.tick')) return false;
  const { package: name, version, uploaded } = link.dataset;
  const position = contentOf[name].get(version);
  const content = matrix.packages[name][position];
  const cells = cellsOf(name, position);
  const requirements = matrix.supported.filter((row) => row.package === name && row.version === version)
    .map((row) => `${row.other}: asks ${row.asks === '' ? 'for any version' : row.asks ?? 'nothing'}, works with ${row.works}`);
  for (const other of document.querySelectorAll(`a.tick[data-package="${CSS.escape(name)}"]`)) other.removeAttribute('aria-current');
  link.setAttribute('aria-current', 'true');
  fill($(`about-${name}`), h('strong', {}, `${name} ${version}`), ` was published on ${uploaded} and installs content `, h('code', {}, short(content.content)),
    `, as ${content.releases.length === 1 ? 'no other release does' : `${content.label} do`}. ${compatibleCount(cells)} of ${cells.length} cells with it are compatible. ${requirements.join('; ')}`);
  link.scrollIntoView({ block: 'center', inline: 'center' });
  link.focus({ preventScroll: true });
  return true;
}
