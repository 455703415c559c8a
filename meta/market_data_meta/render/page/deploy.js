// Can I deploy? One release of each package, and the answer at once.
const ANSWERS = {
  compatible: 'Yes. They keep the contract, and their requirements allow it.',
  incompatible: 'No. They break the contract.',
  uninstallable: 'No. They cannot be installed together.',
  unknown: 'Undecided. There is no evidence that counts.',
};

// Releases may work together although their own requirements forbid it: then they cannot go out as they are.
function answerOf(cell, against) {
  return cell.verdict === 'compatible' && against.length
    ? 'No. They work together, but their own requirements forbid it.'
    : ANSWERS[cell.verdict] ?? cell.verdict;
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
  const against = forbidden(versions);
  fill($('deploy-answer'),
    h('p', { class: 'answer' }, verdictBadge(cell), h('strong', {}, answerOf(cell, against))),
    h('p', {}, waived ? `${number(waived)} known ${waived === 1 ? 'failure is' : 'failures are'} waived. ` : 'No failure is waived. ',
      h('a', { href: `#${cellId(versions)}` }, 'All findings of this combination')),
    against.length > 0 && h('div', {}, h('p', { class: 'value-title' }, 'Forbidden'),
      h('ul', { class: 'reasons' }, against.map((line) => h('li', {}, line)))),
    why(cell),
    evidence(cell, versions),
    copyable(command(versions)),
  );
}
