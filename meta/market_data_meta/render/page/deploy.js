// Can I deploy? One release of each package, and the answer at once.
const ANSWERS = {
  compatible: 'Yes. They keep the contract, and their requirements allow it.',
  incompatible: 'No. They break the contract.',
  uninstallable: 'No. They cannot be installed together.',
  unknown: 'Undecided. There is no evidence that counts.',
};

// They may work although the requirements of some or all of the releases with this code forbid it.
function answerOf(cell) {
  if (cell.verdict !== 'compatible' || cell.allowed === cell.stands_for) return ANSWERS[cell.verdict] ?? cell.verdict;
  return cell.allowed
    ? `They work together. The requirements allow ${number(cell.allowed)} of the ${number(cell.stands_for)} combinations with this code.`
    : 'They work together, but the packages’ own requirements forbid it.';
}

function deployForm() {
  const choose = (name) => h('label', {}, name,
    h('select', { id: `deploy-${name}`, 'data-package': name },
      versionsOf(name).reverse().map((version) => h('option', { value: version }, version))));
  fill($('deploy-form'), names.map(choose));
  $('deploy-form').addEventListener('submit', (event) => event.preventDefault());
  $('deploy-form').addEventListener('change', () => {
    const versions = asked();
    history.replaceState(null, '', `#deploy=${names.map((name) => `${name}==${versions[name]}`).join(',')}`);
    deployAnswer(versions);
  });
}

const asked = () => Object.fromEntries(names.map((name) => [name, $(`deploy-${name}`).value]));

// Shows the question that the address names. What the matrix lacks is said, not replaced by something else.
function deployFrom(hash) {
  const pairs = new Map(hash.split(',').map((part) => part.split('==')));
  const versions = Object.fromEntries(names.map((name) => [name, pairs.get(name) ?? newest[name]]));
  for (const name of names) $(`deploy-${name}`).value = versions[name];
  deployAnswer(versions);
}

function deployAnswer(versions) {
  const cell = matrix.cells[cellFor(versions)];
  if (!cell) {
    const missing = names.filter((name) => !codeOf[name].has(versions[name]));
    fill($('deploy-answer'), h('p', { class: 'answer' }, missing.length
      ? `Not in this matrix: ${missing.map((name) => `${name} ${versions[name]}`).join(', ')}.`
      : 'Undecided: this matrix has no cell for these releases.'));
    return;
  }
  const waived = cell.counts.waived || 0;
  fill($('deploy-answer'),
    h('p', { class: 'answer' }, verdictBadge(cell), h('span', {}, answerOf(cell))),
    h('p', {}, waived ? `${number(waived)} known ${waived === 1 ? 'failure is' : 'failures are'} waived. ` : 'No failure is waived. ',
      h('a', { href: `#${cellId(versions)}` }, 'All findings of this combination')),
    why(cell),
    evidence(cell, versions),
    copyable(command(versions)),
  );
}
