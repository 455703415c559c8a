// The capability that the reader has chosen, and the states of capabilities in cells. Nothing here touches the page.
const capabilities = matrix.capabilities;
const capabilityOf = new Map(capabilities.map((capability) => [capability.name, capability]));
const clausesOf = (capability) => [...capability.essential, ...capability.others];
const capabilitiesOfClause = grouped(
  capabilities.flatMap((capability) => clausesOf(capability).map((clause) => ({ clause, name: capability.name }))), (row) => row.clause,
);
const defectOf = new Map(matrix.defects.map((defect) => [defect.id, defect]));
const setOf = (name) => matrix.sets.find((set) => set.name === name);

// The name of the chosen capability; empty where the reader asks about all of them.
let chosen = '';
const chosenTitle = () => (chosen ? capabilityOf.get(chosen).title : 'All capabilities');

const BEST_FIRST = Object.keys(CAPABILITY_STATES);
// What is unknown is never better than what is limited.
const WORST_FIRST = ['broken', 'unknown', 'limited', 'works'];
const stateIn = (cell, name) => cell.capabilities[name] ?? 'unknown';
const stateCounts = (cell) => Object.fromEntries(BEST_FIRST.map((state) => [
  state, capabilities.filter((capability) => stateIn(cell, capability.name) === state).length,
]));
const countsOf = matrix.cells.map(stateCounts);

// The state of what the reader has chosen in a cell: of all capabilities the worst one.
const stateAt = (cellNumber) => (chosen
  ? stateIn(matrix.cells[cellNumber], chosen)
  : WORST_FIRST.find((state) => countsOf[cellNumber][state]) ?? 'unknown');

// The smaller, the better: for all capabilities first the fewest broken ones, then the fewest unknown, then limited ones.
const rank = (cellNumber) => (chosen
  ? BEST_FIRST.indexOf(stateAt(cellNumber))
  // What is not known might be broken.
  : 1e4 * (countsOf[cellNumber].broken + countsOf[cellNumber].unknown) + 100 * countsOf[cellNumber].unknown + countsOf[cellNumber].limited);

// '2 of 14 capabilities work, 6 are limited, 6 are broken'
function countsInWords(counts) {
  const [, ...others] = BEST_FIRST;
  return [`${counts.works} of ${capabilities.length} capabilities ${counts.works === 1 ? CAPABILITY_STATES.works.words : CAPABILITY_STATES.works.plural}`,
    ...others.filter((state) => counts[state]).map((state) => `${counts[state]} ${
      counts[state] === 1 ? CAPABILITY_STATES[state].words : CAPABILITY_STATES[state].plural}`)].join(', ');
}

// What fails of a capability in a cell, the essential clauses first. Of a clause of single releases several may fail.
function failuresOf(capability, cellNumber) {
  const failed = grouped((findingsByCell.get(cellNumber) ?? []).filter((finding) => finding.outcome === 'failed' && !finding.release), (finding) => finding.clause);
  return [[true, capability.essential], [false, capability.others]].flatMap(([essential, ids]) => ids.flatMap(
    (clause) => (failed.get(clause) ?? []).map(({ sentence, defect }) => ({ clause, essential, sentence, defect })),
  ));
}

// What is known of one set. Of the sets on the first screen that includes what runs of their releases alone decide.
function knownOf(versions, cellNumber) {
  const exact = matrix.sets.find((set) => names.every((name) => set.combination[name] === versions[name]));
  const byName = new Map((exact?.capabilities ?? []).map((state) => [state.name, state]));
  const stateOf = (name) => byName.get(name)?.state ?? stateIn(matrix.cells[cellNumber], name);
  const counts = Object.fromEntries(BEST_FIRST.map((state) => [state, capabilities.filter(({ name }) => stateOf(name) === state).length]));
  return {
    counts,
    stateOf,
    state: chosen ? stateOf(chosen) : WORST_FIRST.find((state) => counts[state]) ?? 'unknown',
    failuresOf: (capability) => byName.get(capability.name)?.failures ?? failuresOf(capability, cellNumber),
  };
}

// One of each sentence: a defect may be shown by several clauses.
const distinctFailures = (failures) => failures.filter(
  (failure, place) => failures.findIndex((other) => other.sentence === failure.sentence) === place,
);

// What an installer may choose of a content; one that is set aside is chosen only by its version.
const offeredOf = (content) => content.releases.filter((version) => !(version in content.set_aside));

// The published set that is nearest to a wish, among those in which what is chosen is in the best state there is.
// `wish` may leave packages open: their newest releases are preferred. `fixed` are packages that must stay as they are.
function nearestSet(wish, { fixed = [], allowedOnly = true } = {}) {
  const index = Object.fromEntries(names.map((name) => [name, new Map(versionsOf(name).map((version, place) => [version, place]))]));
  const places = Object.fromEntries(names.map((name) => [name, index[name].get(wish[name] || newest[name])]));
  const isCandidate = (cell) => (cell.allowed || !allowedOnly) && cell.verdict !== 'uninstallable'
    && fixed.every((name) => cell.codes[name] === contentOf[name].get(wish[name]));
  const ranked = matrix.cells.flatMap((cell, cellNumber) => (isCandidate(cell) ? [{ cell, cellNumber, rank: rank(cellNumber) }] : []))
    .sort((a, b) => a.rank - b.rank);
  let nearest = null;
  for (const candidate of ranked) {
    if (nearest && candidate.rank > nearest.rank) break;
    const choices = names.map((name) => (fixed.includes(name) ? [wish[name]] : offeredOf(matrix.packages[name][candidate.cell.codes[name]]))
      .map((version) => {
        const steps = Math.abs(index[name].get(version) - places[name]);
        return { version, distance: steps && (wish[name] ? 1e5 : 0) + steps };
      }).sort((a, b) => a.distance - b.distance));
    const visit = (number_, versions, distance) => {
      if (nearest && distance >= nearest.distance) return;
      if (number_ === names.length) {
        if (!allowedOnly || isAllowed(versions)) nearest = { versions: { ...versions }, distance, ...candidate };
        return;
      }
      for (const choice of choices[number_]) visit(number_ + 1, { ...versions, [names[number_]]: choice.version }, distance + choice.distance);
    };
    visit(0, {}, 0);
  }
  return nearest;
}
