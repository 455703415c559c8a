// Two services, each with its own Core: what each can do, what one takes of what the other sends, and which may go first.
const { services, wires } = matrix.deployments;
const isOfServices = (name) => services.some((service) => service.cells.some((cell) => name in cell.capabilities));

function showServices() {
  const shown = capabilities.filter(({ name }) => isOfServices(name) && (!chosen || name === chosen));
  $('services-hint').textContent = servicesHint(shown);
  const rows = shown.map((capability) => h('tr', { role: 'row' }, h('th', { scope: 'row', role: 'rowheader' }, capability.title),
    services.map((service) => h('td', { role: 'cell', 'data-service': `${service.name} service` }, statesInService(service, capability.name)))));
  const head = (service) => h('th', { scope: 'col', role: 'columnheader' }, `${service.name} service`,
    h('span', { class: 'versions' }, `${service.packages.join(' × ')}: ${number(service.cells.length)} sets`));
  fill($('service-states'), rows.length > 0 && h('table', { class: 'plain services', role: 'table', 'aria-label': 'What each service can do, by its releases' },
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, h('th', { scope: 'col', role: 'columnheader' }, 'Capability'), services.map(head))),
    h('tbody', { role: 'rowgroup' }, rows)));
  fill($('wires'), wires.filter((wire) => !chosen || wire.capabilities.includes(chosen)).map(wireOf));
  fill($('upgrade'), upgradeQuestion());
}

function servicesHint(shown) {
  if (!services.length) return 'This matrix knows nothing of services.';
  if (!shown.length) return `${chosenTitle()}: nothing of it is decided in services that each have their own Core.`;
  return `${chosenTitle()}: ${listed(services.map((service) => service.name))} as two services, each with its own Core. `
    + 'A state is what one service shows by itself; both must be able to.';
}

function statesInService(service, name) {
  const parts = BEST_FIRST.map((state) => ({ state, cells: service.cells.filter((cell) => cell.capabilities[name] === state) }))
    .filter((part) => part.cells.length);
  if (!parts.length) return h('span', { class: 'muted' }, 'has no part in it');
  return parts.map(({ state, cells }) => h('div', {}, chip(state), ' ', releasesOf(service, cells)));
}

// The releases of some cells of a service: 'core 1.4.61 with store 0.6.73', the first lines, and the others on demand.
const SHOWN_LINES = 2;
function releasesOf(service, cells) {
  if (cells.length === service.cells.length) return 'every release';
  const [lines] = [service.packages, [...service.packages].reverse()].map((order) => releaseLines(order, cells))
    .sort((a, b) => a.length - b.length);
  const more = lines.slice(SHOWN_LINES);
  return [lines.slice(0, SHOWN_LINES).join('; '), more.length > 0 && h('details', {}, h('summary', { class: 'small' }, `and ${more.length} more`), more.join('; '))];
}

// Contents of the first package that stand beside the same ones of the others are one line. A package of which it is every
// release goes without saying.
function releaseLines([name, ...others], cells) {
  const words = (positions) => {
    const versions = versionRanges(name, positions);
    return versions === 'every release' ? '' : `${name} ${shortLabel(versions)}`;
  };
  const byContent = [...grouped(cells, (cell) => cell.codes[name])]
    .map(([position, own]) => ({ position, beside: others.length ? releaseLines(others, own).join(' or ') : '' }));
  return [...grouped(byContent, (row) => row.beside)].map(([beside, rows]) => (
    [words(rows.map((row) => row.position).sort((a, b) => a - b)), beside].filter(Boolean).join(' with ')));
}

// How much of what is sent is taken: the state that this is, in a cell and in a sentence.
const TAKEN = {
  all: { state: 'works', words: 'all of it', sentence: (sends, takes) => `Every release of the ${takes} service takes all that any release of the ${sends} service sends.` },
  some: { state: 'limited', words: 'a part of it', sentence: (sends, takes) => `Every release of the ${takes} service takes a part of what any release of the ${sends} service sends.` },
  none: { state: 'broken', words: 'nothing of it', sentence: (sends, takes) => `No release of the ${takes} service takes anything that a release of the ${sends} service sends.` },
  unknown: { state: 'unknown', words: 'unknown', sentence: (sends, takes) => `It is not known whether the ${takes} service takes what the ${sends} service sends.` },
};

function wireOf(wire) {
  const [sender, taker] = [wire.producer, wire.consumer].map((name) => services.find((service) => service.name === name));
  const title = h('h3', {}, `What ${taker.name} takes of what ${sender.name} sends`);
  const about = `“${listed(wire.capabilities.map((name) => capabilityOf.get(name)?.title ?? name))}”`;
  const pairs = wire.deliveries.reduce((sum, { producers, consumers }) => sum + producers.length * consumers.length, 0);
  const became = ({ taken, reason }) => reason && h('div', { class: 'small muted' }, `${taken === 'unknown' ? 'Why' : 'What became of it'}: ${reason}`);
  if (wire.deliveries.length === 1) {
    const [delivery] = wire.deliveries;
    const { state, sentence } = TAKEN[delivery.taken];
    return [title, h('p', { class: 'small' }, chip(state), ` ${sentence(sender.name, taker.name)} That is one answer for all ${number(pairs)} pairs of distinct code. It is a part of ${about}.`), became(delivery)];
  }
  const cellsOf = (service, positions) => releasesOf(service, positions.map((position) => service.cells[position]));
  const rows = wire.deliveries.map((delivery) => h('tr', { role: 'row' },
    h('th', { scope: 'row', role: 'rowheader' }, cellsOf(sender, delivery.producers)),
    h('td', { role: 'cell', 'data-service': `${taker.name} service` }, cellsOf(taker, delivery.consumers)),
    h('td', { role: 'cell', 'data-service': 'takes' }, chip(TAKEN[delivery.taken].state, TAKEN[delivery.taken].words), became(delivery))));
  return [title, h('p', { class: 'hint' }, `A part of ${about}: ${number(pairs)} pairs of distinct code, equal ones together.`),
    h('table', { class: 'plain services', role: 'table', 'aria-label': title.textContent },
      h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, [`What the ${sender.name} service sends`, `is given to the ${taker.name} service`, 'which takes']
        .map((head) => h('th', { scope: 'col', role: 'columnheader' }, head)))),
      h('tbody', { role: 'rowgroup' }, rows))];
}

function upgradeQuestion() {
  const [before, after] = ['deployed', 'newest'].map(setOf);
  if (!before || !after) return h('p', {}, 'The deployed and the newest set are not both known, so there is no command to show.');
  const pins = (set) => names.map((name) => `${name}==${set.combination[name]}`).join(' ');
  if (pins(before) === pins(after)) return h('p', {}, 'The deployed set is the newest one: there is nothing to upgrade.');
  const needs = chosen && isOfServices(chosen) ? ` --needs ${chosen}` : '';
  return [h('p', { class: 'small' }, 'This command says in which order the services can go from the deployed set to the newest one '
    + 'so that nothing gets worse at any step, or why there is none.'),
  copyable(`./scripts/mdmeta upgrade --from ${pins(before)} --to ${pins(after)}${needs}`)];
}
