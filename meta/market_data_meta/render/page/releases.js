// The releases of each package in order, in a box for each content, with the state of what is chosen.
function showTimelines() {
  $('releases-hint').textContent = `${chosenTitle()}, with the best partners that there are. Releases in one box install the same code; `
    + 'the day is that of the first of them.';
  const isOpen = Boolean($('all-releases')?.open);
  fill($('timelines'), names.map((name) => {
    const looks = matrix.packages[name].map((_, position) => contentLook(name, position));
    return h('div', { class: 'timeline' }, h('div', {}, h('h3', {}, name), h('p', { class: 'hint' }, `${spansInWords(name, looks)}.`)),
      h('ol', { class: 'strip', 'aria-label': `Codes of ${name}` }, matrix.packages[name].map((content, position) => h('li', {},
        h('span', { class: `content ${looks[position].state} ${looks[position].allowed ? 'allowed' : 'forbidden'}`, title: looks[position].words },
          h('span', { class: 'content-mark' }, mark(looks[position].state), ` ${looks[position].short}`),
          h('strong', {}, shortLabel(content.label)), h('span', {}, content.uploaded[0]))))));
  }),
  h('details', { id: 'all-releases', open: isOpen }, h('summary', {}, 'All releases, one by one'), names.map((name) => h('div', {}, h('h3', {}, name),
    h('p', { class: 'hint', role: 'status', id: `about-${name}` }, 'Choose a release for what is known of it.'),
    h('ol', { class: 'ticks', 'aria-label': `Releases of ${name}` }, matrix.packages[name].flatMap((content) => content.releases.map(
      (version, index) => h('li', {}, releaseLink(name, version, content.uploaded[index])))))))));
}

// The best that a content comes to with any partner, and whether the requirements allow that.
function contentLook(name, position) {
  const cells = matrix.cells.flatMap((cell, cellNumber) => (cell.codes[name] === position ? [cellNumber] : []));
  if (!cells.length) return { state: 'unknown', allowed: false, short: 'unknown', words: 'nothing is known of it' };
  const bestRank = Math.min(...cells.map(rank));
  const best = cells.filter((cellNumber) => rank(cellNumber) === bestRank);
  const state = stateAt(best[0]);
  const allowed = best.some((cellNumber) => matrix.cells[cellNumber].allowed);
  const counts = countsOf[best[0]];
  const broken = counts.unknown === capabilities.length ? 'unknown' : `${counts.broken} broken`;
  return { state, allowed, rank: bestRank, short: chosen ? state : broken,
    words: `${chosen ? state : broken} with its best partners, which the requirements ${allowed ? 'allow' : 'forbid'}` };
}

// ': is broken until 0.6.12, works since 0.6.13 (2026-03-01)'
function spansInWords(name, looks) {
  const spans = [];
  for (const version of versionsOf(name)) {
    const look = looks[contentOf[name].get(version)];
    const last = spans.at(-1);
    if (last && last.short === look.short) last.to = version;
    else spans.push({ short: look.short, state: look.state, from: version, to: version });
  }
  const words = (span) => (chosen ? CAPABILITY_STATES[span.state].words : span.short);
  if (spans.length === 1) return `${words(spans[0])} in every release`;
  return spans.slice(-3).map((span, place, shown) => {
    if (place === shown.length - 1) return `${words(span)} since ${span.from}${uploadOf(name, span.from) && ` (${uploadOf(name, span.from)})`}`;
    if (span === spans[0]) return `${words(span)} until ${span.to}`;
    return span.from === span.to ? `${words(span)} in ${span.to}` : `${words(span)} from ${span.from} to ${span.to}`;
  }).join(', ');
}

// The day of a release's upload, empty where the index does not say it.
function uploadOf(name, version) {
  const content = matrix.packages[name][contentOf[name].get(version)];
  return content.uploaded[content.releases.indexOf(version)];
}

function releaseLink(name, version, uploaded) {
  const bad = pastOf(name, version)?.bad;
  return h('a', {
    id: `release-${name}-${version}`, href: `#release-${name}-${version}`, class: bad ? 'tick bad' : 'tick', 'data-package': name,
    'data-version': version, 'data-uploaded': uploaded, title: [`${name} ${version}`, uploaded && `published ${uploaded}`, setAside[name][version], bad && 'worse than its predecessor'].filter(Boolean).join(', '),
  }, bad ? `${version} !` : version);
}

function openRelease(id) {
  const link = $(id);
  if (!link?.matches('a.tick')) return false;
  const { package: name, version, uploaded } = link.dataset;
  const position = contentOf[name].get(version);
  const content = matrix.packages[name][position];
  const requirements = matrix.supported.filter((row) => row.package === name && row.version === version)
    .map((row) => `It asks ${row.other} for ${row.asks === '' ? 'any version' : row.asks ?? 'nothing'}${chosen ? `, and is usable with ${row.usable[chosen] ?? 'unknown'}` : ''}.`);
  link.closest('details').open = true;
  for (const other of document.querySelectorAll(`a.tick[data-package="${CSS.escape(name)}"]`)) other.removeAttribute('aria-current');
  link.setAttribute('aria-current', 'true');
  fill($(`about-${name}`), h('strong', {}, `${name} ${version}`), ` ${version in setAside[name] ? `${setAside[name][version]}, ` : ''}was published ${uploaded ? `on ${uploaded}` : 'on an unknown day'} and installs content `, h('code', {}, short(content.content)),
    `, as ${content.releases.length === 1 ? 'no other release does' : `${content.label} do`}. ${chosenTitle()}: ${contentLook(name, position).words}. ${requirements.join(' ')}`,
    pastOf(name, version) && ` On its day: ${pastOf(name, version).sentence} ${pastOf(name, version).gate} ${pastOf(name, version).changes}`);
  link.scrollIntoView({ block: 'center', inline: 'center' });
  link.focus({ preventScroll: true });
  return true;
}
