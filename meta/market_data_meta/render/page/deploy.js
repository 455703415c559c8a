// Can I deploy? One release of each package, and the answer at once.
// Releases may work together although their own requirements forbid it: then they cannot go out as they are.
function answerOf(cell, reasonsAgainst) {
  return cell.verdict === 'compatible' && reasonsAgainst.length
    ? 'No. They work together, but their own requirements forbid it.'
    : VERDICTS[cell.verdict].answer;
}

function showDeployForm() {
  const selection = (name) => h('label', {}, name,
    h('select', { id: `deploy-${name}`, 'data-package': name },
      versionsOf(name).reverse().map((version) => h('option', { value: version }, version))));
  fill($('deploy-form'), names.map(selection));
  $('deploy-form').addEventListener('submit', (event) => event.preventDefault());
  $('deploy-form').addEventListener('change', () => {
    const versions = chosenVersions();
    history.replaceState(null, '', `#deploy=${names.map((name) => `${name}==${versions[name]}`).join(',')}`);
    showDeployAnswer(versions);
  });
}

const chosenVersions = () => Object.fromEntries(names.map((name) => [name, $(`deploy-${name}`).value]));

// Answers the question that the address names. A version that is not in the matrix is named, not replaced by another.
function answerAddress(hash) {
  const pairs = new Map(hash.split(',').map((part) => part.split('==')));
  const versions = Object.fromEntries(names.map((name) => [name, pairs.get(name) ?? newest[name]]));
  for (const name of names) $(`deploy-${name}`).value = versions[name];
  showDeployAnswer(versions);
}

function showDeployAnswer(versions) {
  const cell = matrix.cells[cellNumberOf(versions)];
  if (!cell) {
    const missing = names.filter((name) => !contentOf[name].has(versions[name]));
    fill($('deploy-answer'), h('p', { class: 'answer' }, missing.length
      ? `Not in this matrix: ${missing.map((name) => `${name} ${versions[name]}`).join(', ')}.`
      : 'Undecided: this matrix has no cell for these releases.'));
    return;
  }
  const waived = cell.counts.waived || 0;
  const reasonsAgainst = forbidden(versions);
  fill($('deploy-answer'),
    h('p', { class: 'answer' }, verdictBadge(cell), h('strong', {}, answerOf(cell, reasonsAgainst))),
    h('p', {}, waived ? `${number(waived)} known ${waived === 1 ? 'failure is' : 'failures are'} waived. ` : 'No failure is waived. ',
      h('a', { href: `#${cellId(versions)}` }, 'All findings of this combination')),
    reasonsAgainst.length > 0 && h('div', {}, h('p', { class: 'value-title' }, 'Forbidden'),
      h('ul', { class: 'reasons' }, reasonsAgainst.map((reason) => h('li', {}, reason)))),
    why(cell),
    evidence(cell, versions),
    copyable(command(versions)),
  );
}
