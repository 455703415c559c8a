// Every clause of the contract, what is violated first; each has its anchor, with or without findings.
const GROUPS = { violated: 'Violated', waived: 'Waived', clean: 'No finding' };

function groupOf(clause) {
  const findings = findingsByClause.get(clause.id) || [];
  if (!findings.length) return 'clean';
  return findings.some((finding) => finding.waived === null) ? 'violated' : 'waived';
}

// The clauses in groups. A clause that has findings and is no longer in the contract is among them.
function clausesInGroups() {
  const unknown = [...findingsByClause.keys()].filter((id) => !clauseOf.has(id))
    .map((id) => ({ id, rule: 'Not in the contract of this page.', level: 'must', scope: 'unknown', binds: [], source: '' }));
  const order = Object.keys(GROUPS);
  return [...clauses, ...unknown].map((clause) => ({ ...clause, state: groupOf(clause) }))
    .sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
}

function showClauses() {
  const all = clausesInGroups();
  const count = (state) => all.filter((clause) => clause.state === state).length;
  $('clauses-hint').textContent = `${all.length} clauses: ${count('violated')} violated somewhere, `
    + `${count('waived')} with known failures only, ${count('clean')} without a finding.`;
  fill($('filter-state'), h('option', { value: '' }, 'all clauses'),
    Object.entries(GROUPS).map(([state, title]) => h('option', { value: state }, title.toLowerCase())));
  const groups = Object.keys(GROUPS).filter(count).map((state) => h('details', {
    class: 'group', 'data-state': state, open: state !== 'clean',
  },
  h('summary', {}, h('h3', {}, `${GROUPS[state]} (${count(state)})`)),
  h('div', { class: 'group-list' }, all.filter((clause) => clause.state === state).map(clauseCard))));
  fill($('clause-list'), groups);
  $('filter').addEventListener('submit', (event) => event.preventDefault());
  $('filter').addEventListener('input', filterClauses);
}

function clauseCard(clause) {
  const findings = findingsByClause.get(clause.id) || [];
  const words = [clause.id, clause.rule, clause.source, ...findings.flatMap((finding) => [finding.message, finding.waived])];
  return h('article', {
    id: `clause-${clause.id}`, class: `clause ${clause.state}`, tabindex: '-1', 'data-words': words.join(' ').toLowerCase(),
  },
  h('div', { class: 'clause-head' },
    h('h4', {}, h('a', { href: `#clause-${clause.id}`, class: 'mono' }, clause.id)),
    badge(clause.level, clause.level), h('span', { class: 'muted small' }, `${clause.scope}: ${clause.binds.join(', ')}`)),
  h('p', { class: 'rule' }, clause.rule),
  clause.source && h('p', { class: 'source' }, `Source: ${clause.source}`),
  Object.hasOwn(matrix.history, clause.id) && clauseHistory(matrix.history[clause.id]),
  findings.map((finding) => findingDetails(finding, clause.state === 'violated' && finding.waived === null)));
}

// Since when: how the clause came out in the releases of each package that it binds, the others held fixed.
function clauseHistory(history) {
  const when = (rows, row) => {
    if (rows.length === 1) return 'in every release';
    return row === rows.at(-1) ? `since ${row.from}` : `in ${shortLabel(row.from === row.to ? row.from : `${row.from} to ${row.to}`)}`;
  };
  return h('dl', { class: 'trend', 'aria-label': 'Since when' }, Object.entries(history).filter(([, rows]) => rows.length)
    .map(([name, rows]) => h('div', {}, h('dt', {}, name), h('dd', {}, h('ol', {}, rows.map((row) => h('li', { class: `state ${row.state}` },
      h('span', { 'aria-hidden': 'true' }, STATES[row.state].mark), ` ${STATES[row.state].words} `,
      h('a', { href: `#release-${name}-${row.from}` }, when(rows, row)))))))));
}

function findingDetails(finding, open) {
  const { parts, everyCombination } = affected(finding);
  const title = `${finding.waived === null ? 'Violated' : 'Waived'}: ${finding.message}`;
  return h('details', { class: finding.waived === null ? 'open' : 'known', open },
    h('summary', {}, title),
    finding.waived !== null && h('p', {}, h('strong', {}, 'Why it is accepted for now: '), finding.waived),
    h('div', { class: 'pairs' }, value('Expected', finding.expected), value('Got', finding.got)),
    h('dl', { class: 'facts' },
      parts.map((part) => fact(part.name, part.text)),
      fact('Cells', `${number(finding.cells.length)} of ${number(matrix.cells.length)}${everyCombination ? '' : ', not every combination of these'}`),
      fact('Outcome', finding.outcome),
      fact('Fingerprint', h('code', {}, finding.fingerprint))),
    copyable(finding.reproduce));
}

function filterClauses() {
  const [text, state] = [$('filter-text').value.trim().toLowerCase(), $('filter-state').value];
  let shown = 0;
  for (const group of document.querySelectorAll('#clause-list .group')) {
    let anyShown = false;
    for (const card of group.querySelectorAll('.clause')) {
      card.hidden = Boolean((state && group.dataset.state !== state) || !card.dataset.words.includes(text));
      anyShown ||= !card.hidden;
      shown += card.hidden ? 0 : 1;
    }
    group.hidden = !anyShown;
    if (text || state) group.open = true;
  }
  $('filter-count').textContent = text || state ? `${shown} shown` : '';
}

function openClause(id) {
  const card = $(`clause-${id}`);
  if (!card) return false;
  if (card.hidden) {
    $('filter').reset();
    filterClauses();
  }
  card.closest('.group').open = true; // not every browser opens what an address leads into
  card.querySelector('details')?.setAttribute('open', '');
  card.scrollIntoView({ block: 'start' });
  card.focus({ preventScroll: true });
  return true;
}
