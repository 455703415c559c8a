// The theme, the address and the start of the page.
const root = document.documentElement;
const dark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches);

function theme() {
  try {
    const kept = localStorage.getItem('theme');
    if (kept === 'dark' || kept === 'light') root.dataset.theme = kept;
  } catch { /* a page that may not remember follows the system */ }
  const name = () => { $('theme').textContent = dark() ? 'Light theme' : 'Dark theme'; };
  $('theme').addEventListener('click', () => {
    root.dataset.theme = dark() ? 'light' : 'dark';
    name();
    try { localStorage.setItem('theme', root.dataset.theme); } catch { /* as above */ }
  });
  name();
}

function figures() {
  const total = matrix.cells.reduce((sum, cell) => sum + cell.stands_for, 0);
  const sums = grouped(matrix.cells, (cell) => cell.verdict);
  const waived = matrix.findings.filter((finding) => finding.waived !== null).length;
  fill($('figures'),
    Object.keys(GLYPHS).filter((verdict) => sums.has(verdict)).map((verdict) => {
      const count = sums.get(verdict).reduce((sum, cell) => sum + cell.stands_for, 0);
      const share = count === total ? 100 : Math.min(99.9, 100 * count / total);
      return fact(verdict, `${share.toFixed(1)} %`);
    }),
    fact('distinct codes', names.map((name) => matrix.packages[name].length).join(' × ')),
    fact('findings', `${matrix.findings.length - waived} open, ${waived} waived`));
  $('provenance').textContent = `Suite ${short(matrix.suite)}, matrix format ${matrix.format}. `
    + 'This page holds all of its data and asks nothing of any other host.';
}

function follow() {
  let id = location.hash.slice(1);
  try { id = decodeURIComponent(id); } catch { /* not encoded, so taken as it is */ }
  // The detail is there as long as the address names a cell: it would cover what is asked for next.
  if (!readCell(id)) hideDetail();
  if (id.startsWith('deploy=')) {
    deployFrom(id.slice('deploy='.length));
    $('deploy').scrollIntoView({ block: 'start' });
  } else if (id.startsWith('clause-')) openClause(id.slice('clause-'.length));
  else if (id.startsWith('release-')) openRelease(id);
  else if (readCell(id)) detail(readCell(id));
}

theme();
figures();
deployForm();
deployAnswer(asked());
grids();
promise();
clauseList();
timelines();
addEventListener('hashchange', follow);
// A second click on what the address already names opens it again.
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href^="#"]');
  if (link?.matches('a.cell') && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault(); // the page stays where it is: the detail opens beside it
    history.pushState(null, '', link.hash);
    follow();
    return;
  }
  if (link && link.getAttribute('href') === location.hash) follow();
});
$('detail-close').addEventListener('click', closeDetail);
addEventListener('keydown', (event) => { if (event.key === 'Escape') closeDetail(); });
follow();
