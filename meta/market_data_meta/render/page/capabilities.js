// The first screen: every capability, in the sets that people ask about.
const SET_TITLES = { newest: 'Newest set', deployed: 'Deployed set', oldest: 'Oldest pinned set' };
const SHORT_TITLES = { newest: 'Newest', deployed: 'Deployed', oldest: 'Oldest' };
const ANY = 'any (all capabilities)';

function showFirstScreen() {
  const [newestSet] = matrix.sets.filter((set) => set.name === 'newest');
  const heads = matrix.sets.map((set) => h('th', { scope: 'col', role: 'columnheader' }, SET_TITLES[set.name],
    h('span', { class: 'versions' }, names.map((name) => h('span', {}, `${name} ${set.combination[name]}`))),
    h('span', { class: 'versions' }, set.forbidden.length ? 'forbidden' : 'allowed')));
  const best = new Map(matrix.best.map((row) => [row.capability, row]));
  const rows = capabilities.map((capability) => {
    const states = matrix.sets.map((set) => set.capabilities.find((state) => state.name === capability.name));
    return h('tr', { id: `capability-${capability.name}`, role: 'row', 'data-capability': capability.name },
      h('th', { scope: 'row', role: 'rowheader' }, h('button', {
        type: 'button', class: 'pick', 'aria-pressed': 'false', title: capability.about,
      }, capability.title)),
      states.map((state, place) => h('td', { role: 'cell', 'data-set': SHORT_TITLES[matrix.sets[place].name] }, chip(state?.state ?? 'unknown'))),
      h('td', { role: 'cell', 'data-set': 'Best' }, bestSet(best.get(capability.name))),
      h('td', { role: 'cell', class: 'why' }, whyNot(newestSet?.capabilities.find((state) => state.name === capability.name))));
  });
  const table = h('table', { class: 'first', role: 'table', 'aria-label': 'Capabilities in the newest, the deployed, the oldest and the best set' },
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' },
      h('th', { scope: 'col', role: 'columnheader' }, 'Capability'), heads,
      h('th', { scope: 'col', role: 'columnheader' }, 'Best set', h('span', { class: 'versions' }, 'the newest allowed one with its best state')),
      h('th', { scope: 'col', role: 'columnheader' }, 'What is broken or limited in the newest set'))),
    h('tbody', { role: 'rowgroup' }, rows));
  table.addEventListener('click', (event) => {
    const row = event.target.closest('tr[data-capability]');
    if (!row || event.target.closest('a, details')) return;
    choose(row.dataset.capability === chosen ? '' : row.dataset.capability, { inAddress: true });
  });
  fill($('first-screen'), table);
  const forbiddenSets = matrix.sets.filter((set) => set.forbidden.length);
  fill($('set-notes'), h('p', { class: 'hint' }, 'Allowed and forbidden: by the packages’ own requirements. Choose a capability, and everything below is about it. ',
    forbiddenSets.map((set) => `${SET_TITLES[set.name]}: ${set.forbidden.join('; ')}. `)));
  fill($('capability'), h('option', { value: '' }, ANY), capabilities.map(({ name, title }) => h('option', { value: name }, title)));
  $('capability').addEventListener('change', () => choose($('capability').value, { inAddress: true }));
}

// The versions stand there only where they are others than the newest set's.
function bestSet(row) {
  if (!row?.combination) return chip('unknown');
  const newestVersions = setOf('newest')?.combination ?? newest;
  const others = names.filter((name) => row.combination[name] !== newestVersions[name]);
  return [chip(row.state), others.length > 0 && h('a', {
    class: 'versions', href: deployAddress(row.combination, row.capability),
  }, `with ${listed(others.map((name) => `${name} ${row.combination[name]}`))}`)];
}

function whyNot(state) {
  if (!state) return h('span', { class: 'muted' }, 'Nothing is known.');
  const failures = [...state.failures].sort((a, b) => b.essential - a.essential);
  if (!failures.length) return h('span', { class: 'muted' }, state.reason || (state.state === 'works' ? 'No clause fails.' : 'Nothing is known.'));
  const [first, ...more] = distinctFailures(failures);
  return h('details', {}, h('summary', {},
    h('span', { class: 'closed-only' }, h('span', { class: 'sentence' }, first.sentence), more.length > 0 && h('span', { class: 'more' }, `and ${more.length} more`)),
    h('span', { class: 'open-only' }, `${failures.length === 1 ? 'One clause fails' : `${failures.length} clauses fail`}:`)), failureList([first, ...more]));
}

function showFacts() {
  const newestSet = setOf('newest');
  const owner = /^([^.]+)\.github\.io$/.exec(location.hostname)?.[1];
  const project = location.pathname.split('/')[1];
  fill($('facts'),
    h('li', {}, `Releases as of ${matrix.as_of.slice(0, 10)}`),
    names.map((name) => h('li', {}, packages[name]?.repository
      ? h('a', { href: packages[name].repository }, packages[name].distribution) : name, `: ${number(versionsOf(name).length)} releases`)),
    h('li', {}, 'suite ', h('code', {}, short(matrix.suite))),
    newestSet && h('li', {}, `${VERDICTS[newestSet.verdict].mark} the newest set ${VERDICTS[newestSet.verdict].words}`),
    h('li', {}, h('a', { href: 'matrix.json' }, 'matrix.json')),
    owner && h('li', {}, h('a', { href: `https://github.com/${owner}/${project}` }, 'repository')));
  $('provenance').textContent = `${number(matrix.cells.reduce((sum, cell) => sum + cell.stands_for, 0))} published combinations, decided by `
    + `${number(matrix.cells.length)} runs of distinct code. Matrix format ${matrix.format}. `
    + 'This page holds all of its data and asks nothing of any other host.';
}

// Everything below follows the capability that is chosen.
function choose(name, { inAddress = false } = {}) {
  chosen = capabilityOf.has(name) ? name : '';
  $('capability').value = chosen;
  for (const row of document.querySelectorAll('tr[data-capability]')) {
    row.classList.toggle('chosen', row.dataset.capability === chosen);
    row.querySelector('.pick').setAttribute('aria-pressed', String(row.dataset.capability === chosen));
  }
  $('chosen').textContent = `Everything below is about: ${chosenTitle()}.${chosen ? ` ${capabilityOf.get(chosen).about} ${capabilityOf.get(chosen).why}` : ''}`;
  if (inAddress) history.replaceState(null, '', chosen ? `#capability-${chosen}` : '#works');
  showWhere();
  showThirdParty();
  showPromises();
  showTimelines();
  showServices();
  showDefects();
  showDeployAnswer(wishedVersions());
  filterClauses();
}
