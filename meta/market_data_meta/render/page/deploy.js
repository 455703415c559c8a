// Can I deploy? What works with the chosen releases, whether they allow each other, and where to go after a no.
let wasAsked = false;

function showDeployForm() {
  const selection = (name) => h('label', {}, name, h('select', { id: `deploy-${name}`, 'data-package': name },
    h('option', { value: '' }, 'any'), versionsOf(name).reverse().map((version) => h('option', { value: version }, version))));
  fill($('deploy-form'), names.map(selection));
  for (const name of names) $(`deploy-${name}`).value = setOf('newest')?.combination[name] ?? newest[name];
  $('deploy-form').addEventListener('submit', (event) => event.preventDefault());
  $('deploy-form').addEventListener('change', () => {
    wasAsked = true;
    const versions = wishedVersions();
    history.replaceState(null, '', deployAddress(versions));
    showDeployAnswer(versions);
  });
}

const wishedVersions = () => Object.fromEntries(names.map((name) => [name, $(`deploy-${name}`).value]));
const deployAddress = (versions, capability = chosen) => `#deploy=${names.map((name) => `${name}==${versions[name] || 'any'}`).join(',')}${
  capability ? `;needs=${capability}` : ''}`;

// Answers the question that the address names. A version that is not in the matrix is named, not replaced by another.
function answerAddress(hash) {
  const [releases, needs] = hash.split(';needs=');
  if (needs !== undefined) choose(needs);
  const pairs = new Map(releases.split(',').map((part) => part.split('==')));
  askAbout(Object.fromEntries(names.map((name) => [name, pairs.get(name) ?? newest[name]])));
}

function askAbout(versions) {
  wasAsked = true;
  const wish = Object.fromEntries(names.map((name) => [name, versions[name] === 'any' ? '' : versions[name]]));
  for (const name of names) $(`deploy-${name}`).value = wish[name];
  showDeployAnswer(wish);
}

function showDeployAnswer(wish) {
  const missing = names.filter((name) => wish[name] && !contentOf[name].has(wish[name]));
  if (missing.length) {
    fill($('deploy-answer'), h('p', { class: 'answer' }, `Not in this matrix: ${missing.map((name) => `${name} ${wish[name]}`).join(', ')}.`));
    return;
  }
  const fixed = names.filter((name) => wish[name]);
  const isOpenQuestion = fixed.length < names.length;
  const found = isOpenQuestion ? nearestSet(wish, { fixed }) ?? nearestSet(wish, { fixed, allowedOnly: false }) : null;
  const versions = isOpenQuestion ? found?.versions : wish;
  const cellNumber = versions && cellNumberOf(versions);
  const cell = matrix.cells[cellNumber];
  if (!cell) {
    fill($('deploy-answer'), h('p', { class: 'answer' }, 'Undecided: this matrix has no cell for these releases.'));
    return;
  }
  const reasonsAgainst = forbidden(versions);
  const known = knownOf(versions, cellNumber);
  fill($('deploy-answer'),
    isOpenQuestion && h('p', {}, 'The best choice: ', h('strong', {}, setText(versions)), '.'),
    h('p', { class: 'answer' }, answerBadge(cell, known), h('strong', {}, answerOf(cell, known, reasonsAgainst))),
    chosen && failuresInShort(known.failuresOf(capabilityOf.get(chosen))),
    cell.verdict === 'unknown' ? h('ul', { class: 'reasons' }, cell.reasons.map((reason) => h('li', {}, reason))) : null,
    h('details', { open: wasAsked && !chosen }, h('summary', {}, 'What works and what does not, by capability'), WORST_FIRST.map((state) => byStateList(state, known))),
    reasonsAgainst.length
      ? h('div', {}, h('p', { class: 'value-title' }, 'Their own requirements forbid this set:'), h('ul', { class: 'reasons' }, reasonsAgainst.map((reason) => h('li', {}, reason))))
      : h('p', {}, 'Their own requirements allow this set.'),
    names.filter((name) => versions[name] in setAside[name])
      .map((name) => h('p', {}, `${name} ${versions[name]} ${setAside[name][versions[name]]}: an installer takes it only by its version.`)),
    wayOut(versions, cellNumber, reasonsAgainst),
    h('details', {}, h('summary', {}, `Evidence: ${cell.start ? `run on ${day(cell.start)}, ${number(Object.values(cell.counts).reduce((sum, count) => sum + count, 0))} checks` : 'no run'}`),
      evidence(cell, versions), copyable(command(versions))));
}

const answerBadge = (cell, known) => (cell.verdict === 'uninstallable'
  ? h('span', { class: 'chip uninstallable' }, h('span', { 'aria-hidden': 'true' }, VERDICTS.uninstallable.mark), ' uninstallable')
  : chip(known.state, chosen ? known.state : `${known.counts.broken} broken`));

// One sentence, by what is chosen. Releases may work together although their own requirements forbid it.
function answerOf(cell, known, reasonsAgainst) {
  if (cell.verdict === 'uninstallable') return VERDICTS.uninstallable.answer;
  const { state } = known;
  const what = chosen
    ? `“${chosenTitle()}” ${CAPABILITY_STATES[state].words} in this set.`
    : `In this set ${countsInWords(known.counts)}.`;
  if (reasonsAgainst.length) return `No: their own requirements forbid this set. ${what}`;
  // What is needed decides: without a chosen capability there is no yes or no.
  if (!chosen) return what;
  return `${{ works: 'Yes', limited: 'With limits', broken: 'No', unknown: 'Undecided' }[state]}: ${what}`;
}

// The first sentences, and the others on demand.
const SHOWN_FAILURES = 3;
function failuresInShort(failures) {
  const distinct = distinctFailures(failures);
  const more = distinct.slice(SHOWN_FAILURES);
  return [failureList(distinct.slice(0, SHOWN_FAILURES)),
    more.length > 0 && h('details', {}, h('summary', { class: 'small' }, `and ${more.length} more`), failureList(more))];
}

// No clause fails of a broken capability only where the set cannot be installed.
const whyWithoutFailure = (state) => (state === 'broken' ? 'The set cannot be installed.' : 'Nothing is known.');

function byStateList(state, known) {
  const list = capabilities.filter((capability) => known.stateOf(capability.name) === state);
  if (!list.length) return null;
  if (state === 'works') return h('div', { class: 'group-of' }, chip(state), ` ${list.map((capability) => capability.title).join('; ')}`);
  return h('div', { class: 'group-of' }, chip(state), h('ul', { class: 'reasons' }, list.map((capability) => {
    const [first, ...more] = distinctFailures(known.failuresOf(capability));
    return h('li', {}, h('strong', {}, `${capability.title}. `), first ? first.sentence : whyWithoutFailure(state),
      more.length > 0 && h('details', {}, h('summary', { class: 'small' }, `and ${more.length} more`), failureList(more)));
  })));
}

// After a no: the nearest set that the requirements allow and in which what is chosen is in the best state there is.
function wayOut(versions, cellNumber, reasonsAgainst) {
  const cell = matrix.cells[cellNumber];
  if (!reasonsAgainst.length && cell.verdict !== 'uninstallable' && stateAt(cellNumber) === 'works') return null;
  const nearest = nearestSet(versions);
  if (!nearest) return h('p', {}, 'The requirements allow no published set.');
  const state = stateAt(nearest.cellNumber);
  const what = `“${chosenTitle()}”`;
  if (!reasonsAgainst.length && cell.verdict !== 'uninstallable' && nearest.rank >= rank(cellNumber)) {
    const better = { limited: `in which ${what} works without limits`, broken: `in which ${what} is not broken`, unknown: `of which anything is known about ${what}` };
    return h('p', { id: 'nearest' }, `No set is known that the requirements allow and ${chosen ? better[stateAt(cellNumber)] : 'in which fewer capabilities are broken'}.`);
  }
  const changes = names.filter((name) => versions[name] !== nearest.versions[name]);
  const isWorking = chosen && (state === 'works' || state === 'limited');
  const which = isWorking ? ` in which ${what} ${CAPABILITY_STATES[state].words}` : (chosen ? ' that the requirements allow' : ' in which the fewest capabilities are broken');
  return h('p', { id: 'nearest' }, `The nearest set${which}: `, h('a', { href: deployAddress(nearest.versions) }, setText(nearest.versions)),
    `, with another release of ${listed(changes)}.`,
    chosen ? (isWorking ? '' : ` ${what} ${CAPABILITY_STATES[state].words} in it, too.`) : ` ${countsInWords(countsOf[nearest.cellNumber])} in it.`);
}
