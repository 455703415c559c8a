// Known defects, the worst first: what breaks a capability, and what the newest set has. Mended ones are last.
const SHOWN_DEFECTS = 5;
const unique = (values) => [...new Set(values)];
const brokenBy = (defect) => unique(defect.shown_by.filter((shown) => shown.essential).map((shown) => shown.capability));
const limitedBy = (defect) => unique(defect.shown_by.map((shown) => shown.capability)).filter((name) => !brokenBy(defect).includes(name));
const inNewest = new Set(matrix.findings.filter((finding) => finding.cells.includes(setOf('newest')?.cell)).map((finding) => finding.defect));

// Whether a defect breaks what is chosen.
const breaks = (defect) => (chosen ? brokenBy(defect).includes(chosen) : brokenBy(defect).length > 0);
const inOrder = (defects) => [...defects].sort((a, b) => Boolean(a.mended_in) - Boolean(b.mended_in)
  || breaks(b) - breaks(a) || inNewest.has(b.id) - inNewest.has(a.id));

function showDefects() {
  const shown = inOrder(matrix.defects.filter((defect) => !chosen || defect.shown_by.some((by) => by.capability === chosen)));
  const open = matrix.defects.filter((defect) => !defect.mended_in).length;
  $('defects-hint').textContent = chosen
    ? `${shown.length} of ${matrix.defects.length} concern: ${chosenTitle()}.`
    : `${open} of ${matrix.defects.length} are not mended; ${matrix.defects.filter((defect) => inNewest.has(defect.id)).length} are in the newest set. The worst first.`;
  const [first, more] = [shown.slice(0, SHOWN_DEFECTS), shown.slice(SHOWN_DEFECTS)];
  fill($('defect-list'), listIsBehind(), first.map(defectCard),
    more.length > 0 && h('details', { class: 'more-defects' }, h('summary', {}, `${more.length} more known ${more.length === 1 ? 'defect' : 'defects'}`), more.map(defectCard)));
}

// What was seen and the list of known defects does not say yet.
function listIsBehind() {
  const sentences = [
    ...matrix.mended.map((row) => `${row.clause} no longer shows ${row.defect} since ${row.package} ${row.version}.`),
    ...matrix.stale_defects.map((row) => `${row.defect}, ${row.clause}: ${row.how}`),
  ];
  return sentences.length > 0 && h('details', {}, h('summary', {}, `The list is behind what was seen in ${sentences.length} ${sentences.length === 1 ? 'place' : 'places'}`),
    h('ul', { class: 'reasons' }, sentences.map((sentence) => h('li', {}, sentence))));
}

function defectCard(defect) {
  const [broken, limited] = [brokenBy(defect), limitedBy(defect)];
  const state = breaks(defect) ? 'broken' : 'limited';
  const titles = (list) => list.map((name) => capabilityOf.get(name)?.title ?? name).join('; ');
  const versions = Object.entries(defect.versions).map(([name, specifier]) => `${name} ${specifier}`).join(', ');
  return h('details', { id: `defect-${defect.id}`, class: 'defect', tabindex: '-1' },
    h('summary', {}, h('span', { class: `mark ${state} allowed` }, mark(state)), h('span', {}, defect.means,
      h('span', { class: 'about' }, [`In the code of ${defect.package}`, defect.mended_in ? `mended in ${defect.mended_in}` : versions || 'every version',
        inNewest.has(defect.id) && 'also in the newest set', !defect.mended_in && defect.workaround && 'there is a way round it'].filter(Boolean).join('; ')))),
    h('dl', { class: 'facts wide' },
      broken.length > 0 && fact('Breaks', titles(broken)), limited.length > 0 && fact('Limits', titles(limited)),
      fact('Versions', versions || 'every version'), defect.mended_in && fact('Mended in', `${defect.package} ${defect.mended_in}`),
      fact('What to do until it is mended', defect.workaround || 'No way round it is known.'),
      fact('Cause', defect.cause),
      fact('Reported', defect.reported ? reportLink(defect.reported) : 'not yet'),
      fact('Shown by', unique(defect.shown_by.map((shown) => shown.clause)).flatMap((id, place) => [place ? ', ' : '', clauseLink(id)]))),
    defect.reproducer && h('details', {}, h('summary', { class: 'small' }, 'A script that shows it'),
      h('pre', { tabindex: '0', role: 'region', 'aria-label': `Script that shows ${defect.id}` }, defect.reproducer)));
}

// Only an address of the web becomes a link.
const reportLink = (text) => (/^https:\/\//.test(text) ? h('a', { href: text, rel: 'noopener noreferrer' }, text) : text);

function openDefect(id) {
  if (!defectOf.has(id)) return false;
  if (!$(`defect-${id}`)) choose('');
  const card = $(`defect-${id}`);
  card.closest('.more-defects')?.setAttribute('open', '');
  card.open = true;
  card.scrollIntoView({ block: 'start' });
  card.focus({ preventScroll: true });
  return true;
}
