// The theme, the address and the start of the page.
const root = document.documentElement;
const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches);

function setUpTheme() {
  try {
    const chosen = localStorage.getItem('theme');
    if (chosen === 'dark' || chosen === 'light') root.dataset.theme = chosen;
  } catch { /* a page that may not remember follows the system */ }
  const labelButton = () => { $('theme').textContent = isDark() ? 'Light theme' : 'Dark theme'; };
  $('theme').addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    labelButton();
    try { localStorage.setItem('theme', root.dataset.theme); } catch { /* as above */ }
  });
  labelButton();
}

function showFigures() {
  const total = matrix.cells.reduce((sum, cell) => sum + cell.stands_for, 0);
  const cells = grouped(matrix.cells, (cell) => cell.verdict);
  const waived = matrix.findings.filter((finding) => finding.waived !== null).length;
  fill($('figures'),
    Object.keys(VERDICTS).filter((verdict) => cells.has(verdict)).map((verdict) => {
      const count = cells.get(verdict).reduce((sum, cell) => sum + cell.stands_for, 0);
      const share = count === total ? 100 : Math.min(99.9, 100 * count / total);
      return fact(verdict, `${share.toFixed(1)} %`);
    }),
    fact('distinct contents', names.map((name) => matrix.packages[name].length).join(' × ')),
    fact('findings', `${matrix.findings.length - waived} open, ${waived} waived`));
  $('provenance').textContent = `Suite ${short(matrix.suite)}, matrix format ${matrix.format}. `
    + 'This page holds all of its data and asks nothing of any other host.';
}

function followAddress() {
  let id = location.hash.slice(1);
  try { id = decodeURIComponent(id); } catch { /* not encoded, so taken as it is */ }
  // The detail is shown as long as the address names a cell: it would cover what the reader opens next.
  const versions = versionsOfCellId(id);
  if (!versions) hideDetail();
  if (id.startsWith('deploy=')) {
    answerAddress(id.slice('deploy='.length));
    $('deploy').scrollIntoView({ block: 'start' });
  } else if (id.startsWith('clause-')) openClause(id.slice('clause-'.length));
  else if (id.startsWith('release-')) openRelease(id);
  else if (versions) showDetail(versions);
}

setUpTheme();
showFigures();
showDeployForm();
showDeployAnswer(chosenVersions());
showGrids();
showPromise();
showClauses();
showTimelines();
addEventListener('hashchange', followAddress);
// A second click on what the address already names opens it again.
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href^="#"]');
  if (link?.matches('a.cell') && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault(); // the page stays where it is: the detail opens beside it
    history.pushState(null, '', link.hash);
    followAddress();
    return;
  }
  if (link && link.getAttribute('href') === location.hash) followAddress();
});
$('detail-close').addEventListener('click', closeDetail);
addEventListener('keydown', (event) => { if (event.key === 'Escape') closeDetail(); });
followAddress();
