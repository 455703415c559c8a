// The clauses of the contract, what is not known first; each has its anchor, with or without findings.
const GROUPS = { unexpected: 'Fails in a way that is not known', known: 'Fails as a known defect', clean: 'Fails nowhere' };

function groupOf(clause) {
  const findings = findingsByClause.get(clause.id) || [];
  if (!findings.length) return 'clean';
  return findings.some((finding) => finding.defect === null) ? 'unexpected' : 'known';
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
  fill($('filter-state'), h('option', { value: '' }, 'all clauses'),
    Object.entries(GROUPS).map(([state, title]) => h('option', { value: state }, title.toLowerCase())));
  fill($('clause-list'), Object.keys(GROUPS).filter(count).map((state) => h('details', {
    class: 'group', 'data-state': state, open: state !== 'clean',
  },
  h('summary', {}, h('h3', {}, `${GROUPS[state]} (`, h('span', { class: 'number' }, String(count(state))), ')')),
  h('div', { class: 'group-list' }, all.filter((clause) => clause.state === state).map(clauseCard)))));
  $('filter').addEventListener('submit', (event) => event.preventDefault());
  $('filter').addEventListener('input', filterClauses);
}

function clauseCard(clause) {
  const findings = findingsByClause.get(clause.id) || [];
  const words = [clause.id, clause.rule, clause.source, ...findings.flatMap((finding) => [finding.message, finding.sentence])];
  const of = (capabilitiesOfClause.get(clause.id) ?? []).map((row) => row.name);
  return h('article', {
    id: `clause-${clause.id}`, class: `clause ${clause.state}`, tabindex: '-1', 'data-words': words.join(' ').toLowerCase(), 'data-capabilities': of.join(' '),
  },
  h('div', { class: 'clause-head' },
    h('h4', {}, h('a', { href: `#clause-${clause.id}`, class: 'mono' }, clause.id)),
    badge(clause.level, clause.level), h('span', { class: 'muted small' }, `${clause.scope}: ${clause.binds.join(', ')}`)),
  h('p', { class: 'rule' }, clause.rule),
  clause.source && h('p', { class: 'source' }, `Source: ${clause.source}`),
  of.length > 0 && h('p', { class: 'source' }, `Capability: ${of.map((name) => capabilityOf.get(name).title
    + (capabilityOf.get(name).essential.includes(clause.id) ? ', which cannot do without it' : '')).join('; ')}`),
  Object.hasOwn(matrix.history, clause.id) && h('details', {}, h('summary', { class: 'small' }, 'Since when'), clauseHistory(matrix.history[clause.id])),
  findings.map(findingDetails));
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

function findingDetails(finding) {
  const { parts, everyCombination } = affected(finding);
  return h('details', { class: finding.defect === null ? 'unexpected' : 'known' },
    h('summary', {}, `${finding.release ? `${finding.release}: ` : ''}${finding.sentence}`),
    finding.defect !== null && h('p', {}, defectOf.has(finding.defect)
      ? h('a', { href: `#defect-${finding.defect}` }, 'The known defect') : `The known defect ${finding.defect}`),
    finding.message && h('p', { class: 'muted' }, finding.message),
    h('div', { class: 'pairs' }, value('Expected', finding.expected), value('Got', finding.got)),
    h('dl', { class: 'facts' },
      parts.map((part) => fact(part.name, part.text)),
      fact('Cells', `${number(finding.cells.length)} of ${number(matrix.cells.length)}${everyCombination ? '' : ', not every combination of these'}`),
      fact('Outcome', finding.outcome),
      fact('Fingerprint', h('code', {}, finding.fingerprint))),
    copyable(finding.reproduce));
}

// Shows the clauses of the chosen capability that the search matches.
function filterClauses() {
  const [text, state] = [$('filter-text').value.trim().toLowerCase(), $('filter-state').value];
  const total = { all: 0 };
  for (const group of document.querySelectorAll('#clause-list .group')) {
    let shown = 0;
    for (const card of group.querySelectorAll('.clause')) {
      card.hidden = Boolean((state && group.dataset.state !== state) || !card.dataset.words.includes(text)
        || (chosen && !card.dataset.capabilities.split(' ').includes(chosen)));
      shown += card.hidden ? 0 : 1;
    }
    group.hidden = !shown;
    group.querySelector('.number').textContent = String(shown);
    if (text || state) group.open = true;
    total[group.dataset.state] = shown;
    total.all += shown;
  }
  $('clauses-hint').textContent = `${chosenTitle()}: ${total.all} clauses, of which ${total.unexpected ?? 0} fail in a way that is not known, `
    + `${total.known ?? 0} as a known defect says, and ${total.clean ?? 0} nowhere.`;
  $('filter-count').textContent = text || state ? `${total.all} shown` : '';
}

function openClause(id) {
  const card = $(`clause-${id}`);
  if (!card) return false;
  $('all-clauses').open = true;
  if (card.hidden) {
    $('filter').reset();
    if (chosen && !card.dataset.capabilities.split(' ').includes(chosen)) choose('');
    else filterClauses();
  }
  card.closest('.group').open = true; // not every browser opens what an address leads into
  card.querySelector('details')?.setAttribute('open', '');
  card.scrollIntoView({ block: 'start' });
  card.focus({ preventScroll: true });
  return true;
}
